"""Synthetic speakers: every speech synthesiser behind one small interface.

`list_voices` says who can speak, `speak` lets one of them say a text. An engine is a `Synthesiser` in `ENGINES`.
"""

from __future__ import annotations

from edge_asr.data.voices.espeak import Espeak
from edge_asr.data.voices.voice import Speech, SpokenWord, Synthesiser, Voice
from edge_asr.errors import SynthesisError

__all__ = ["ENGINES", "Speech", "SpokenWord", "Synthesiser", "Voice", "find_voice", "list_voices", "speak"]

ENGINES: dict[str, Synthesiser] = {"espeak": Espeak()}
"""Synthesisers by name. None of them loads its library before it is used."""


def list_voices(language: str = "", *, engine: str = "espeak") -> tuple[Voice, ...]:
    """The voices of `engine` that speak `language`, in a fixed order.

    `language`: a BCP 47 tag or its beginning (`en` holds `en-gb-scotland`); empty for all. Raises `SynthesisError`
    when the engine is unknown or not installed.
    """
    wanted = language.lower()
    voices = _engine(engine).voices()
    return tuple(v for v in voices if not wanted or v.language == wanted or v.language.startswith(wanted + "-"))


def find_voice(name: str, *, engine: str = "espeak") -> Voice:
    """The voice called `name`, for example `en-us+f3`. Raises `SynthesisError` when there is none."""
    for voice in _engine(engine).voices():
        if voice.name == name:
            return voice
    raise SynthesisError(f"{engine} has no voice {name!r:.80}; list_voices() names those that it has")


def speak(text: str, voice: Voice, *, rate: float = 1.0, pitch: float = 0.0, pitch_range: float = 1.0) -> Speech:
    """Let `voice` say `text`. The same arguments give the same samples.

    `rate`: tempo relative to the voice's own, 0.5 to 2.5. `pitch`: semitones above the voice's own, -12 to 12.
    `pitch_range`: how lively the melody is, 0 (monotone) to 2, 1 is the voice's own. Raises `SynthesisError`.
    """
    for name, value, low, high in (("rate", rate, 0.5, 2.5), ("pitch", pitch, -12, 12), ("pitch_range", pitch_range, 0, 2)):
        if not low <= value <= high:
            raise SynthesisError(f"{name} must be {low} to {high}, found {value}")
    if not text.strip() or "\0" in text:
        raise SynthesisError(f"expected a text to speak, found {text!r:.80}")
    return _engine(voice.engine).speak(text, voice.name, rate=rate, pitch=pitch, pitch_range=pitch_range)


def _engine(name: str) -> Synthesiser:
    if name not in ENGINES:
        raise SynthesisError(f"unknown speech synthesiser {name!r:.80} (there is: {', '.join(ENGINES)})")
    return ENGINES[name]
