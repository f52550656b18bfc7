"""What was spoken, by whom, and under which licences: for the run folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from edge_asr.data.voices.phrases import PhraseJob, SpokenPhrase


@dataclass(frozen=True)
class VoiceUse:
    """How often a voice spoke."""

    engine: str
    name: str
    language: str
    licence: str
    phrases: int


@dataclass(frozen=True)
class SpeechSummary:
    """`dataclasses.asdict` makes JSON of it."""

    seed: int
    """Of the generator that drew the jobs."""
    asked: int
    """Jobs."""
    spoken: int
    seconds: float
    """Of speech, without the margins."""
    engines: dict[str, int]
    """Phrases by engine."""
    voices: tuple[VoiceUse, ...]
    """Those that spoke, by engine and name."""

    @property
    def licences(self) -> tuple[str, ...]:
        """Each once."""
        return tuple(sorted({voice.licence for voice in self.voices}))


def summarise_speech(jobs: Sequence[PhraseJob], spoken: Sequence[SpokenPhrase], seed: int) -> SpeechSummary:
    """Counts of `spoken`, which came of `jobs`, which were drawn with `seed`."""
    uses = Counter(phrase.voice for phrase in spoken)
    voices = (VoiceUse(voice.engine, voice.name, voice.language, voice.licence, count) for voice, count in uses.items())
    return SpeechSummary(
        seed=seed,
        asked=len(jobs),
        spoken=len(spoken),
        seconds=round(sum(phrase.end - phrase.start for phrase in spoken), 3),
        engines=dict(Counter(phrase.voice.engine for phrase in spoken).most_common()),
        voices=tuple(sorted(voices, key=lambda use: (use.engine, use.name))),
    )
