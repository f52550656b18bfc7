"""MBROLA: diphone voices for thirty languages, which the program `espeak-ng` tells what to say.

(The library in the `espeakng-loader` wheel comes without the tables for them.) All of a `Delivery` is done.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from edge_asr.data.voices.espeak import NEUTRAL, NORMAL_WORDS_PER_MINUTE, PITCH_STEPS_PER_SEMITONE
from edge_asr.data.voices.languages import language_tag
from edge_asr.data.voices.programs import program_path, run_program, speech_file
from edge_asr.data.voices.voice import Delivery, Speech, Voice
from edge_asr.data.voices.wording import ssml_text
from edge_asr.errors import SynthesisError

LICENCE = "AGPL-3.0 (program); the voice as in its files, most not for commercial or military use"
FOLDERS = (Path("/usr/share/mbrola"), Path("/usr/share/mbrola/voices"))
LISTED = re.compile(r"^\s*\d+\s+(?P<language>\S+)\s.*?\smb/(?P<name>mb-(?P<data>[a-z]+\d+)(-\w+)?)\b", re.MULTILINE)
"""A line of `espeak-ng --voices=mb`: priority, language, age and sex, name, file, other languages."""


class Mbrola:
    """The programs `espeak-ng` and `mbrola`, and the MBROLA databases that are installed."""

    how_to_get = "apt-get install espeak-ng mbrola mbrola-en1 mbrola-us1 (Debian: from non-free; other voices: mbrola-XX1)"
    quality = 1.5
    pitch_span = 4.0

    def __init__(self, folders: Sequence[Path] = FOLDERS) -> None:
        self._folders = folders

    def voices(self) -> tuple[Voice, ...]:
        """What eSpeak knows of and whose database is there."""
        return self._voices

    def speak(self, text: str, voice: Voice, delivery: Delivery) -> Speech:
        """Say `text` with one run of both programs."""
        program = program_path("espeak-ng", self.how_to_get)
        speed = round(NORMAL_WORDS_PER_MINUTE * delivery.rate)
        pitch = round(NEUTRAL + delivery.pitch * PITCH_STEPS_PER_SEMITONE)
        options = ["-v", voice.name, "-s", str(speed), "-p", str(pitch), "-b", "1", "-m", "--stdin"]
        wording = f'<prosody range="{round(100 * delivery.pitch_range)}%">{ssml_text(text, delivery)}</prosody>'
        return speech_file(lambda path: [program, *options, "-w", path], wording.encode())

    @cached_property
    def _voices(self) -> tuple[Voice, ...]:
        program_path("mbrola", self.how_to_get)
        listed = run_program([program_path("espeak-ng", self.how_to_get), "--voices=mb"]).text
        voices = tuple(
            Voice("mbrola", found["name"], language_tag(found["language"]), LICENCE, found["data"])
            for found in LISTED.finditer(listed)
            if self._has(found["data"])
        )
        if not voices:
            raise SynthesisError(f"no MBROLA database in {' or '.join(map(str, self._folders))}; {self.how_to_get}")
        return voices

    def _has(self, data: str) -> bool:
        return any(path.is_file() for folder in self._folders for path in (folder / data, folder / data / data))
