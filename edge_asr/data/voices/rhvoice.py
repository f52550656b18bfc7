"""RHVoice: HTS voices for Slavic languages, Brazilian Portuguese, English and others.

Tempo and pitch are RHVoice's own. The pitch range and emphasis are left out, pauses are commas.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from edge_asr.data.voices.languages import named_language
from edge_asr.data.voices.programs import program_path, speech_file
from edge_asr.data.voices.voice import Delivery, Speech, Voice
from edge_asr.data.voices.wording import plain_text
from edge_asr.errors import SynthesisError

LICENCE = "GPL-2.0-or-later (program); the voice as in its own files, some not for commercial use"
FOLDERS = (Path("/usr/share/RHVoice/voices"), Path("/usr/local/share/RHVoice/voices"))


class RHVoice:
    """The program `RHVoice-test`, and the voices in its data folders."""

    how_to_get = "apt-get install rhvoice rhvoice-english (or another language); more at rhvoice.org"
    quality = 2.0
    pitch_span = 4.0

    def __init__(self, folders: Sequence[Path] = FOLDERS) -> None:
        self._folders = folders

    def voices(self) -> tuple[Voice, ...]:
        """Those whose `voice.info` is in the data folders."""
        return self._voices

    def speak(self, text: str, voice: Voice, delivery: Delivery) -> Speech:
        """Say `text` with one run of the program."""
        program = program_path("RHVoice-test", self.how_to_get)
        rate, pitch = round(100 * delivery.rate), round(100 * 2 ** (delivery.pitch / 12))
        options = ["--profile", voice.name, "--rate", str(rate), "--pitch", str(pitch)]
        content = plain_text(text, delivery).encode()
        return speech_file(lambda path: [program, *options, "--output", path], content)

    @cached_property
    def _voices(self) -> tuple[Voice, ...]:
        program_path("RHVoice-test", self.how_to_get)
        files = sorted(file for folder in self._folders for file in folder.glob("*/voice.info"))
        about = [dict(line.split("=", 1) for line in _lines(file) if "=" in line) for file in files]
        voices = {
            each["name"]: Voice("rhvoice", each["name"], named_language(each.get("language", "")), LICENCE, each["name"])
            for each in about
            if "name" in each
        }
        if not voices:
            raise SynthesisError(f"RHVoice has no voice in {' or '.join(map(str, self._folders))}; {self.how_to_get}")
        return tuple(voices.values())


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []  # as if it were not there
