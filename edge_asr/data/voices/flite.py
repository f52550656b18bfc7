"""Flite (CMU): small diphone and clustergen voices, mostly American English, 10 to 25 ms a word.

Tempo is flite's own; pitch is made by playing faster (`tuning`), since some of its voices ignore a pitch. The pitch range and
emphasis are left out, pauses are commas.
"""

from __future__ import annotations

from functools import cached_property

from edge_asr.data.voices.programs import program_path, run_program, speech_file
from edge_asr.data.voices.tuning import with_pitch
from edge_asr.data.voices.voice import Delivery, Speech, Voice
from edge_asr.data.voices.wording import plain_text
from edge_asr.errors import SynthesisError

LICENCE = "X11-style, CMU (program and voices)"
LEFT_OUT = {"kal": "8 kHz; kal16 is the same speaker", "awb_time": "tells the time and says nothing else"}
ACCENTS = {"awb": "en-gb-scotland", "cmu_us_awb": "en-gb-scotland"}


class Flite:
    """The program `flite` and the voices that are built into it."""

    how_to_get = "apt-get install flite"
    quality = 2.0
    pitch_span = 2.5

    def voices(self) -> tuple[Voice, ...]:
        """Those that `flite -lv` names, less `LEFT_OUT`."""
        return self._voices

    def speak(self, text: str, voice: Voice, delivery: Delivery) -> Speech:
        """Say `text` with one run of the program."""
        # Flite takes an unknown voice for its first one, without a word.
        if voice.name not in {known.name for known in self.voices()}:
            raise SynthesisError(f"flite has no voice {voice.name!r:.80}")
        wording = plain_text(text, delivery)

        def say(rate: float) -> Speech:
            options = ["-voice", voice.name, "--setf", f"duration_stretch={1 / rate:.4f}"]
            return speech_file(lambda path: [self._program, *options, "-t", wording, "-o", path])

        return with_pitch(say, delivery)

    @property
    def _program(self) -> str:
        return program_path("flite", self.how_to_get)

    @cached_property
    def _voices(self) -> tuple[Voice, ...]:
        names = run_program([self._program, "-lv"]).text.partition(":")[2].split()
        voices = tuple(Voice("flite", name, ACCENTS.get(name, "en-us"), LICENCE, name) for name in names if name not in LEFT_OUT)
        if not voices:
            raise SynthesisError(f"flite has no voice built in; {self.how_to_get}")
        return voices
