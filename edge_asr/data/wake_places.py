"""What a wake word can be made of on this machine: voices, other people's speech and noise, the user's own recordings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_asr.data.clips import Split
from edge_asr.data.negatives import Negatives, read_negatives
from edge_asr.data.recordings import Recordings, read_recordings
from edge_asr.data.voice_splits import split_voices, voices_of
from edge_asr.data.voices.voice import Voice
from edge_asr.data.wake_spec import WakeSpec
from edge_asr.progress import Progress, no_progress


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
    voices = voices_of(spec.language, spec.engines, "wake.engines", places.piper_voices)
    return WakeMaterial(split_voices(voices, spec.validation_percent, spec.test_percent), negatives, own)
