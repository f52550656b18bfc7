"""Hard negatives: what a half-trained wake word fires at, so that it is trained on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_asr.bundle.store import read_bundle
from edge_asr.config import build, to_table
from edge_asr.data.clips import Split
from edge_asr.data.negative_clips import NegativeClip, Negatives
from edge_asr.data.negative_windows import Window, streams
from edge_asr.data.wake_spec import WakeSpec
from edge_asr.data.wake_takes import Spoken
from edge_asr.errors import ConfigError, TrainingError
from edge_asr.files import write_whole
from edge_asr.progress import Progress, no_progress
from edge_asr.training.wake_listen import score_negatives
from edge_asr.training.wake_score import FalseAccept


@dataclass(frozen=True)
class MinedMoment:
    """A moment at which the model was wrong, as it is kept in the run folder."""

    path: str
    time: float
    """Seconds into the file."""
    label: str
    """What was heard."""
    score: float


@dataclass(frozen=True)
class Mined:
    """What one round found."""

    moments: tuple[MinedMoment, ...]
    """Those that are trained on, the highest scores first."""
    found: int
    """Detections above the mining threshold, also those beyond the round's limit."""
    hours: float
    """Of audio that was listened to."""

    def summary(self) -> str:
        """For people."""
        labels = ", ".join(f"{count} as {label}" for label, count in Counter(one.label for one in self.moments).most_common())
        return f"{self.found} false detections in {self.hours:.2f} h, {len(self.moments)} taken ({labels or 'none'})"


def mine(
    bundle: Path,
    listened: Sequence[Window],
    spec: WakeSpec,
    folder: Path,
    *,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Mined:
    """Run `bundle` over `listened` and take what it fires at; what it says is kept below `folder` while that lasts."""
    detect = replace(read_bundle(bundle).manifest.detect, threshold=spec.mining_threshold, thresholds={})
    scores = score_negatives(bundle, listened, folder, workers=workers, progress=progress)
    found = sorted(scores.false_accepts(detect), key=_hardest)
    moments = tuple(MinedMoment(str(one.path), round(one.time, 3), one.label, one.score) for one in found)
    return Mined(moments[: spec.mining_windows], len(found), scores.hours)


def listening(spec: WakeSpec, negatives: Negatives, spoken: Spoken, seed: int) -> tuple[Window, ...]:
    """What a round listens to: up to `mining_hours` of the training split, and the sentences of synthetic voices.

    Not their near-misses, which are trained on as they are: those that score highest sound like the phrase to people too, and
    to insist on them costs the phrase.
    """
    real = streams(negatives, "train")
    order = np.random.default_rng(seed).permutation(len(real))
    total = np.cumsum([real[i].seconds for i in order])
    kept = [real[i] for i, until in zip(order, total) if until <= spec.mining_hours * 3600]
    return (*kept, *streams(spoken_sentences(spoken, "train")))


def spoken_sentences(spoken: Spoken, split: Split) -> Negatives:
    """The sentences that the voices of `split` say."""
    clips = (
        NegativeClip(one.phrase.path, split, one.phrase.voice.speaker, one.phrase.end, "speech", one.phrase.licence)
        for one in spoken.of(split, "sentence")
    )
    return Negatives(tuple({clip.path: clip for clip in clips}.values()))


def write_mined(file: Path, mined: Mined) -> None:
    """Keep `mined` in the run folder."""
    write_whole(file, (json.dumps(to_table(mined), indent=1) + "\n").encode())


def read_mined(file: Path) -> Mined | None:
    """What a finished round found; None where none was finished. Raises `TrainingError` for a damaged file."""
    try:
        return build(Mined, json.loads(file.read_text("utf-8")), source=str(file))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, ConfigError) as err:
        raise TrainingError(f"{file}: expected what a mining round found, found: {err}; delete it to mine again") from err


def _hardest(found: FalseAccept) -> tuple[float, str, float]:
    return -found.score, str(found.path), found.time
