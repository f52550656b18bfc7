"""Synthetic speakers: every speech synthesiser behind one small interface.

`voices_for` says who speaks a language, `say` lets one of them say a text. An engine is a `Synthesiser` in `ENGINES`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from edge_asr.data.voices.espeak import Espeak
from edge_asr.data.voices.festival import Festival
from edge_asr.data.voices.flite import Flite
from edge_asr.data.voices.kokoro import Kokoro
from edge_asr.data.voices.languages import speaks
from edge_asr.data.voices.mbrola import Mbrola
from edge_asr.data.voices.pico import Pico
from edge_asr.data.voices.piper import Piper
from edge_asr.data.voices.rhvoice import RHVoice
from edge_asr.data.voices.voice import Delivery, Speech, SpokenWord, Synthesiser, Voice
from edge_asr.errors import SynthesisError

__all__ = [
    "ENGINES",
    "Delivery",
    "Engine",
    "Speech",
    "SpokenWord",
    "Synthesiser",
    "Voice",
    "find_engines",
    "find_voice",
    "list_voices",
    "say",
    "speak",
    "voices_for",
]

ENGINES: dict[str, Synthesiser] = {
    "piper": Piper(),
    "kokoro": Kokoro(),
    "rhvoice": RHVoice(),
    "flite": Flite(),
    "festival": Festival(),
    "pico": Pico(),
    "mbrola": Mbrola(),
    "espeak": Espeak(),
}
"""Synthesisers by name. None of them looks for its library, program or voices before it is used."""


class Engine(NamedTuple):
    """What a synthesiser has on this machine."""

    name: str
    voices: tuple[Voice, ...]
    """None where it is not installed or does not speak the language that was asked for."""
    problem: str
    """Why it can't be used; empty where it can."""
    how_to_get: str


def find_engines(language: str = "", *, piper_voices: Path | None = None) -> tuple[Engine, ...]:
    """Every engine, found or not, with its voices for `language` (see `list_voices`). Never raises.

    `piper_voices`: the folder with Piper's voices, where it is not the usual one.
    """
    engines = {**ENGINES, **({"piper": Piper(piper_voices)} if piper_voices else {})}
    return tuple(_find(name, engine, language) for name, engine in engines.items())


def voices_for(language: str, *, piper_voices: Path | None = None) -> tuple[Voice, ...]:
    """All voices that speak `language`, over all engines found, in a fixed order. Arguments as those of `find_engines`.

    Raises `SynthesisError` when there is none.
    """
    engines = find_engines(language, piper_voices=piper_voices)
    voices = tuple(voice for engine in engines for voice in engine.voices)
    if not voices:
        found = ", ".join(engine.name for engine in engines if not engine.problem)
        raise SynthesisError(
            f"no voice speaks {language!r:.80}, expected a BCP 47 tag like en or pt-br (engines found: {found or 'none'}); "
            "`invoke voices` lists languages and how to get more"
        )
    return voices


def list_voices(language: str = "", *, engine: str = "espeak") -> tuple[Voice, ...]:
    """The voices of `engine` that speak `language`, in a fixed order.

    `language`: a BCP 47 tag or its beginning (`en` holds `en-gb-scotland`); empty for all. Raises `SynthesisError`
    when the engine is unknown or not installed.
    """
    return tuple(voice for voice in _engine(engine).voices() if speaks(voice.language, language))


def find_voice(name: str, *, engine: str = "espeak") -> Voice:
    """The voice called `name`, for example `en-us+f3`. Raises `SynthesisError` when there is none."""
    for voice in _engine(engine).voices():
        if voice.name == name:
            return voice
    raise SynthesisError(f"{engine} has no voice {name!r:.80}; list_voices() names those that it has")


def say(text: str, voice: Voice, delivery: Delivery) -> Speech:
    """Let `voice` say `text`. The same arguments give the same samples. Raises `SynthesisError`."""
    if not text.strip() or "\0" in text:
        raise SynthesisError(f"expected a text to speak, found {text!r:.80}")
    return _engine(voice.engine).speak(text, voice, delivery)


def speak(text: str, voice: Voice, *, rate: float = 1.0, pitch: float = 0.0, pitch_range: float = 1.0) -> Speech:
    """`say` with the most usual parts of a `Delivery`; units are there. Raises `SynthesisError`."""
    return say(text, voice, Delivery(rate, pitch, pitch_range))


def _engine(name: str) -> Synthesiser:
    if name not in ENGINES:
        raise SynthesisError(f"unknown speech synthesiser {name!r:.80} (there is: {', '.join(ENGINES)})")
    return ENGINES[name]


def _find(name: str, engine: Synthesiser, language: str) -> Engine:
    try:
        voices, problem = engine.voices(), ""
    except SynthesisError as err:
        voices, problem = (), str(err)
    return Engine(name, tuple(voice for voice in voices if speaks(voice.language, language)), problem, engine.how_to_get)
