"""What a wake word can be made of on this machine: voices, other people's speech and noise, the user's own recordings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_asr.data.clips import SPLITS, Split
from edge_asr.data.negatives import Negatives, read_negatives
from edge_asr.data.recordings import Recordings, read_recordings
from edge_asr.data.split import assign_splits
from edge_asr.data.voices import voices_for
from edge_asr.data.voices.voice import Voice
from edge_asr.data.wake_spec import WakeSpec
from edge_asr.errors import SynthesisError
from edge_asr.progress import Progress, no_progress

MANY = 10
"""Speakers of one engine."""


@dataclass(frozen=True)
class WakePlaces:
    """Where recordings lie. No part of a recipe: they are elsewhere on another machine."""

    negatives: tuple[Path, ...] = ()
    """Speech and noise that is not the phrase: folders, archives, data sets."""
    noise: tuple[Path, ...] = ()
    """Noise alone."""
    recordings: Path | None = None
    """The user's own takes of the phrases."""
    piper_voices: Path | None = None
    """Piper's voices, where they are not in the usual folder."""


@dataclass(frozen=True)
class WakeMaterial:
    """What was found; no sound has been decoded but the user's own recordings."""

    voices: dict[Split, tuple[Voice, ...]]
    """No speaker is in two splits."""
    negatives: Negatives
    recordings: Recordings | None


def find_material(spec: WakeSpec, places: WakePlaces, *, progress: Progress = no_progress) -> WakeMaterial:
    """Look for everything that `spec` can use. Raises `SynthesisError` without a voice, `DataError` for a place that is none."""
    negatives = Negatives()
    if places.negatives:
        negatives += read_negatives(places.negatives, phrases=spec.phrases, progress=progress)
    if places.noise:
        negatives += read_negatives(places.noise, phrases=spec.phrases, kind="noise", progress=progress)
    own = read_recordings(places.recordings, phrases=spec.phrases, progress=progress) if places.recordings else None
    return WakeMaterial(split_voices(_voices(spec, places.piper_voices), spec), negatives, own)


def split_voices(voices: Sequence[Voice], spec: WakeSpec) -> dict[Split, tuple[Voice, ...]]:
    """Whole speakers, engine by engine. Engines with fewer than `MANY` speakers only teach: each voice is worth much there."""
    result: dict[Split, list[Voice]] = {split: [] for split in SPLITS}
    for engine in dict.fromkeys(voice.engine for voice in voices):
        of_engine = [voice for voice in voices if voice.engine == engine]
        speakers = Counter(voice.speaker for voice in of_engine)
        kept = (spec.validation_percent, spec.test_percent) if len(speakers) >= MANY else (0.0, 0.0)
        split_of = assign_splits(dict.fromkeys(speakers, 1), *kept)
        for voice in of_engine:
            result[split_of[voice.speaker]].append(voice)
    return {split: tuple(found) for split, found in result.items()}


def _voices(spec: WakeSpec, piper_voices: Path | None) -> list[Voice]:
    found = voices_for(spec.language, piper_voices=piper_voices)
    voices = [voice for voice in found if not spec.engines or voice.engine in spec.engines]
    if not voices:
        engines = ", ".join(sorted({voice.engine for voice in found}))
        raise SynthesisError(
            f"wake.engines: expected some of those that speak {spec.language} here ({engines}), found {', '.join(spec.engines)}"
        )
    return voices
