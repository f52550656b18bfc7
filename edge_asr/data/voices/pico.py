"""SVOX Pico: one HMM voice for each of six languages.

Tempo and pitch are Pico's own, through its tags. The pitch range and emphasis are left out, pauses are commas.
"""

from __future__ import annotations

from edge_asr.data.voices.programs import program_path, speech_file
from edge_asr.data.voices.voice import Delivery, Speech, Voice
from edge_asr.data.voices.wording import plain_text

LICENCE = "Apache-2.0 (program and voices)"
LANGUAGES = ("de-DE", "en-GB", "en-US", "es-ES", "fr-FR", "it-IT")


class Pico:
    """The program `pico2wave`."""

    how_to_get = "apt-get install libttspico-utils (Debian: from non-free)"
    quality = 2.0
    pitch_span = 4.0

    def voices(self) -> tuple[Voice, ...]:
        """One for each language."""
        program_path("pico2wave", self.how_to_get)
        return tuple(Voice("pico", name, name.lower(), LICENCE, name) for name in LANGUAGES)

    def speak(self, text: str, voice: Voice, delivery: Delivery) -> Speech:
        """Say `text` with one run of the program."""
        program = program_path("pico2wave", self.how_to_get)
        # Brackets would be taken for tags.
        wording = plain_text(text, delivery).translate({ord("<"): " ", ord(">"): " "})
        rate, pitch = round(100 * delivery.rate), round(100 * 2 ** (delivery.pitch / 12))
        tagged = f'<speed level="{rate}"><pitch level="{pitch}">{wording}</pitch></speed>'
        return speech_file(lambda path: [program, "-l", voice.name, "-w", path, tagged])
