"""What the commands of `tasks.py` do with a wake word."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge_asr.errors import ConfigError, EdgeAsrError
from edge_asr.training.console import progress_bars
from edge_asr.training.workers import read_tf_config

if TYPE_CHECKING:
    from edge_asr.data.wake_places import WakePlaces
    from edge_asr.training.recipe import Recipe


def train_wake_words(recipe: Recipe, places: WakePlaces, folder: Path, cache: Path, resume: bool) -> None:
    """Raises `ConfigError` where `TF_CONFIG` names several workers: the rounds listen in between, each on its own."""
    from edge_asr.training.text import quantize_text
    from edge_asr.training.wake import train_wake
    from edge_asr.training.workshop import Workshop

    together = read_tf_config(os.environ.get("TF_CONFIG", ""))
    if together.count > 1:
        raise ConfigError(
            f"a wake word is trained on one machine, found {together.count} workers in TF_CONFIG: unset it, and train on one "
            "(commands and recognisers can be trained on several)"
        )
    with progress_bars() as progress:
        shop = Workshop(recipe, folder, cache, os.cpu_count() or 1, progress)
        result = train_wake(shop, places, resume=resume, say=print)
    print(quantize_text(result.report))
    print(f"Listen: edge-asr listen --bundle {result.bundle}")
    print(f"Next:   invoke evaluate --bundle {result.bundle} --positives FOLDER --negatives FOLDER")


def evaluate_wake(
    bundle: Path,
    positives: str,
    negatives: Sequence[str],
    noise: Sequence[str],
    split: str,
    rates: Sequence[float],
    cache: Path,
    files: Mapping[str, Path | None],
) -> None:
    from edge_asr.training.judge_wake import judge_wake
    from edge_asr.training.wake_text import wake_text

    if not positives:
        raise EdgeAsrError("expected --positives FOLDER beside --negatives, recordings of the words, found none")
    with progress_bars() as progress:
        evaluation = judge_wake(
            bundle,
            Path(positives),
            [Path(place) for place in negatives],
            cache / "traces",
            noise=[Path(place) for place in noise],
            split=split,
            rates=rates,
            **files,
            workers=os.cpu_count() or 1,
            progress=progress,
        )
    print(wake_text(evaluation))


def calibrate_words(bundle: Path, negatives: Sequence[str], target: float, split: str, cache: Path) -> None:
    from edge_asr.training.judge_wake import calibrate_for

    places = [Path(place) for place in negatives]
    with progress_bars() as progress:
        choices = calibrate_for(
            bundle, places, target, cache / "traces", split=split, workers=os.cpu_count() or 1, progress=progress
        )
    print("\n".join(map(str, choices)))
