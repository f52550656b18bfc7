"""Choosing a bundle's thresholds for the audio of a room, and writing them into its manifest with their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edge_asr.bundle.change import rewrite_manifest
from edge_asr.bundle.manifest import BACKGROUND
from edge_asr.bundle.store import read_bundle
from edge_asr.data.negatives import Window
from edge_asr.progress import Progress, no_progress
from edge_asr.training.threshold import ThresholdChoice, choose_threshold
from edge_asr.training.wake_listen import score_negatives

CALIBRATION = "calibration"
"""Key of the manifest's provenance."""


def calibrate_bundle(
    bundle: Path,
    streams: Sequence[Window],
    target: float,
    folder: Path,
    *,
    audio: str,
    workers: int = 1,
    progress: Progress = no_progress,
) -> tuple[ThresholdChoice, ...]:
    """Choose the threshold of each word of `bundle` for `target` false accepts an hour of that word in `streams`.

    The manifest alone is rewritten, whole or not at all: `detect.thresholds`, and in `provenance["calibration"]` what they rest
    on. `audio` names the streams there. What the bundle says is kept in files below `folder`. Raises any `EdgeAsrError`.
    """
    manifest = read_bundle(bundle).manifest
    negatives = score_negatives(bundle, streams, folder, workers=workers, progress=progress)
    words = [label for label in manifest.labels if label not in BACKGROUND]
    choices = []
    for done, label in enumerate(words):
        progress("thresholds", done, len(words))
        choices.append(choose_threshold(negatives, label, manifest.detect, target))
    detect = replace(manifest.detect, thresholds={choice.label: choice.threshold for choice in choices})
    rewrite_manifest(bundle, detect=detect, provenance={**manifest.provenance, CALIBRATION: evidence(choices, audio)})
    return tuple(choices)


def evidence(choices: Sequence[ThresholdChoice], audio: str) -> dict[str, Any]:
    """What the thresholds rest on, as plain values for the manifest. `choices`: one or more, from the same audio."""
    return {
        "target_fa_per_hour": choices[0].target,
        "hours": round(choices[0].found.hours, 3),
        "audio": audio,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "labels": {
            choice.label: {
                "threshold": choice.threshold,
                "rule": choice.rule,
                "false_accepts": choice.found.events,
                "interval95_per_hour": [round(end, 3) for end in choice.found.interval],
            }
            for choice in choices
        },
    }
