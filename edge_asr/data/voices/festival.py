"""Festival (Edinburgh): diphone and HTS voices in a dozen languages, 0.1 to 0.3 s a word, most of it to start.

Tempo is festival's own, and the pitch range that of its diphone voices; pitch is made by playing faster (`tuning`). Emphasis
is left out, pauses are commas.
"""

from __future__ import annotations

from functools import cached_property

from edge_asr.data.voices.languages import named_language
from edge_asr.data.voices.programs import program_path, run_program, speech_file
from edge_asr.data.voices.tuning import with_pitch
from edge_asr.data.voices.voice import Delivery, Speech, Voice
from edge_asr.data.voices.wording import plain_text
from edge_asr.errors import SynthesisError

LICENCE = "X11-style, Edinburgh (program); the voice as in its package, most free for any use"
ENCODINGS = {"cs": "iso-8859-2", "ru": "utf-8", "hi": "utf-8", "mr": "utf-8", "te": "utf-8"}
"""Of voices that do not read Latin-1."""

LIST = """(mapcar (lambda (name)
  (let ((about (cadr (voice.description name))))
    (format t "%s %l %l\\n" name (cadr (assoc 'dialect about)) (cadr (assoc 'language about)))))
  (voice.list))"""
"""Scheme: one line a voice, with its dialect and language (`nil` where it does not tell)."""

TEMPO = """(begin
  (Parameter.set 'Duration_Stretch {stretch:.4f})
  (if (symbol-bound? 'hts_engine_params)
      (set! hts_engine_params (append hts_engine_params (list (list "-r" {rate:.4f}))))))"""
"""HTS voices ignore the stretch, and take a rate."""

MELODY = """(if (symbol-bound? 'int_lr_params)
  (set! int_lr_params (mapcar (lambda (pair)
    (if (eq? (car pair) 'target_f0_std) (list (car pair) (* {pitch_range:.4f} (cadr pair))) pair)) int_lr_params)))"""


class Festival:
    """The programs `festival` and `text2wave`, and the voices that festival finds."""

    how_to_get = "apt-get install festival festvox-us-slt-hts festvox-kallpc16k festvox-kdlpc16k (apt-cache search festvox)"
    quality = 2.0
    pitch_span = 2.5

    def voices(self) -> tuple[Voice, ...]:
        """Those in festival's `voice.list`."""
        return self._voices

    def speak(self, text: str, voice: Voice, delivery: Delivery) -> Speech:
        """Say `text` with one run of `text2wave`."""
        if voice.name not in {known.name for known in self.voices()}:
            raise SynthesisError(f"festival has no voice {voice.name!r:.80}")
        program = program_path("text2wave", self.how_to_get)
        encoding = ENCODINGS.get(voice.language.partition("-")[0], "latin-1")
        content = plain_text(text, delivery).encode(encoding, "replace")

        def say(rate: float) -> Speech:
            settings = [f"(voice_{voice.name})", TEMPO.format(stretch=1 / rate, rate=rate)]
            settings.append(MELODY.format(pitch_range=delivery.pitch_range))
            options = [part for setting in settings for part in ("-eval", setting)]
            return speech_file(lambda path: [program, *options, "-o", path], content)

        return with_pitch(say, delivery)

    @cached_property
    def _voices(self) -> tuple[Voice, ...]:
        listed = run_program([program_path("festival", self.how_to_get), "--batch", LIST]).text
        rows = [line.split() for line in listed.splitlines()]
        voices = tuple(
            Voice("festival", name, named_language(dialect, language), LICENCE, name)
            for name, dialect, language in (row for row in rows if len(row) == 3)
        )
        if not voices:
            raise SynthesisError(f"festival has no voice; {self.how_to_get}")
        return voices
