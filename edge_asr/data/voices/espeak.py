"""eSpeak NG as a synthesiser: formant voices in many accents, about 5 ms a word, no network and no model files.

A voice's name is an accent, or an accent and a speaker variant: `en-gb-scotland`, `en-us+f3`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.voices.espeak_library import SAMPLE_RATE, Mark, Parameter, espeak_library
from edge_asr.data.voices.espeak_variants import NOT_HUMAN
from edge_asr.data.voices.languages import language_tag
from edge_asr.data.voices.voice import Delivery, Speech, SpokenWord, Voice
from edge_asr.data.voices.wording import plain_text, ssml_text
from edge_asr.errors import SynthesisError

LICENCE = "GPL-3.0-or-later (the program, not the speech that it makes)"
NORMAL_WORDS_PER_MINUTE = 175
NEUTRAL = 50
"""The middle of eSpeak's scales of pitch and pitch range, which go from 0 to 100."""
PITCH_STEPS_PER_SEMITONE = 99 / 24
"""eSpeak's pitch scale covers two octaves in 99 even (logarithmic) steps."""

QUIET = 0.02
"""A word ends where it stays below this share of its peak: eSpeak counts the pause behind it to the word."""


class Espeak:
    """eSpeak NG, from the library that the `espeakng-loader` wheel carries. It can do all that a `Delivery` asks for."""

    how_to_get = "pip install 'edge-asr[synth]' (that is all of it; MBROLA adds diphone voices)"
    quality = 1.0
    pitch_span = 4.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._voices: dict[str, Voice] = {}
        self._accents: dict[str, str] = {}

    def voices(self) -> tuple[Voice, ...]:
        """Every accent by itself and with every speaker variant of a human kind."""
        with self._lock:
            self._list_voices()
            return tuple(self._voices.values())

    def speak(self, text: str, voice: Voice, delivery: Delivery) -> Speech:
        """Say `text`; tells when each word is said."""
        parameters = {
            Parameter.RATE: NORMAL_WORDS_PER_MINUTE * delivery.rate,
            Parameter.PITCH: NEUTRAL + delivery.pitch * PITCH_STEPS_PER_SEMITONE,
            Parameter.PITCH_RANGE: NEUTRAL * delivery.pitch_range,
        }
        ssml = bool(delivery.pause) or delivery.stressed >= 0
        wording = ssml_text(text, delivery) if ssml else plain_text(text, delivery)
        with self._lock:
            self._list_voices()
            # eSpeak takes an unknown variant for none, without a word.
            if voice.name not in self._voices:
                raise SynthesisError(f"espeak has no voice {voice.name!r:.80}; list_voices() names those that it has")
            accent, plus, variant = voice.name.partition("+")
            with espeak_library() as espeak:
                pcm, marks = espeak.synthesise(
                    wording,
                    self._accents[accent] + plus + variant,
                    {key: round(value) for key, value in parameters.items()},
                    ssml=ssml,
                )
        if not pcm:
            raise SynthesisError(f"espeak voice {voice.name!r} has no sound for {text!r:.80}")
        samples = np.frombuffer(pcm, "=i2").astype(np.float32) / np.float32(32768)
        return Speech(samples, SAMPLE_RATE, tuple(_words(wording, samples, marks)))

    def _list_voices(self) -> None:
        if self._voices:
            return
        with espeak_library() as espeak:
            accents, variants = espeak.accents(), espeak.variants()
        speakers = ["", *(variant for variant in variants if variant not in NOT_HUMAN)]
        for accent in sorted(accents):
            for speaker in speakers:
                name = f"{accent}+{speaker}" if speaker else accent
                self._voices[name] = Voice("espeak", name, language_tag(accent), LICENCE, speaker)
        self._accents = accents


def _words(text: str, samples: NDArray[np.float32], marks: Sequence[Mark]) -> Iterator[SpokenWord]:
    """A word lasts from its mark to the next, less the pause at its end."""
    ends = [mark.sample for mark in marks[1:]] + [len(samples)]
    for mark, end in zip(marks, ends):
        level = np.abs(samples[mark.sample : end])
        if mark.length and len(level):
            last = int(np.flatnonzero(level >= QUIET * level.max())[-1])
            word = text[mark.position : mark.position + mark.length]
            yield SpokenWord(word, mark.sample / SAMPLE_RATE, (mark.sample + last + 1) / SAMPLE_RATE)
