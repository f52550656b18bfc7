"""eSpeak NG as a synthesiser: formant voices in many accents, about 5 ms a word, no network and no model files.

A voice's name is an accent, or an accent and a speaker variant: `en-gb-scotland`, `en-us+f3`.
"""

from __future__ import annotations

import threading

import numpy as np

from edge_asr.data.voices.espeak_library import SAMPLE_RATE, Parameter, espeak_library
from edge_asr.data.voices.voice import Speech, Voice
from edge_asr.errors import SynthesisError

LICENCE = "GPL-3.0-or-later (the program, not the speech that it makes)"
NORMAL_WORDS_PER_MINUTE = 175
NEUTRAL = 50
"""The middle of eSpeak's scales of pitch and pitch range, which go from 0 to 100."""
PITCH_STEPS_PER_SEMITONE = 99 / 24
"""eSpeak's pitch scale covers two octaves in 99 even (logarithmic) steps."""


class Espeak:
    """eSpeak NG, from the library that the `espeakng-loader` wheel carries."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._voices: dict[str, Voice] = {}
        self._accents: dict[str, str] = {}

    def voices(self) -> tuple[Voice, ...]:
        """Every accent by itself and with every speaker variant. Raises `SynthesisError` when it is not installed."""
        with self._lock:
            self._list_voices()
            return tuple(self._voices.values())

    def speak(self, text: str, voice: str, *, rate: float, pitch: float, pitch_range: float) -> Speech:
        """Say `text`. See `edge_asr.data.voices.speak` for units. Raises `SynthesisError`."""
        parameters = {
            Parameter.RATE: NORMAL_WORDS_PER_MINUTE * rate,
            Parameter.PITCH: NEUTRAL + pitch * PITCH_STEPS_PER_SEMITONE,
            Parameter.PITCH_RANGE: NEUTRAL * pitch_range,
        }
        with self._lock:
            self._list_voices()
            # eSpeak takes an unknown variant for none, without a word.
            if voice not in self._voices:
                raise SynthesisError(f"espeak has no voice {voice!r:.80}; list_voices() names those that it has")
            accent, plus, variant = voice.partition("+")
            with espeak_library() as espeak:
                pcm = espeak.synthesise(
                    text, self._accents[accent] + plus + variant, {key: round(value) for key, value in parameters.items()}
                )
        if not pcm:
            raise SynthesisError(f"espeak voice {voice!r} has no sound for {text!r:.80}")
        return Speech(np.frombuffer(pcm, "=i2").astype(np.float32) / np.float32(32768), SAMPLE_RATE)

    def _list_voices(self) -> None:
        if self._voices:
            return
        with espeak_library() as espeak:
            accents, variants = espeak.accents(), espeak.variants()
        for accent in sorted(accents):
            for name in (accent, *(f"{accent}+{variant}" for variant in variants)):
                self._voices[name] = Voice("espeak", name, accent, LICENCE)
        self._accents = accents
