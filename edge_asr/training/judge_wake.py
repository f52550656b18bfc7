"""From a bundle, recordings of its words and hours of other audio to a measurement, its page and its JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_asr.bundle.manifest import BACKGROUND, Manifest
from edge_asr.bundle.store import read_bundle
from edge_asr.data.clips import SPLITS, Split
from edge_asr.data.negatives import Negatives, read_negatives, streams
from edge_asr.errors import ConfigError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.engine import load_engine
from edge_asr.training.calibrate import calibrate_bundle
from edge_asr.training.judge import write_json
from edge_asr.training.positives import read_positives
from edge_asr.training.rendering import Rendering, noise_files
from edge_asr.training.threshold import ThresholdChoice
from edge_asr.training.wake_evaluate import WakeEvaluation, evaluate_wake
from edge_asr.training.wake_json import wake_json
from edge_asr.training.wake_listen import score_negatives, score_positives


def judge_wake(
    bundle: Path,
    positives: Path,
    negatives: Sequence[Path],
    cache: Path,
    *,
    noise: Sequence[Path] = (),
    split: str = "",
    rates: Sequence[float] = (),
    report: Path | None = None,
    json_file: Path | None = None,
    workers: int = 1,
    progress: Progress = no_progress,
) -> WakeEvaluation:
    """Measure `bundle` on the recordings in `positives` and on the audio in `negatives`; write the page and the JSON if named.

    Audio that says a word of the bundle is left out of the negatives. `split`: only that of the negatives (those that a model
    was trained on say little); empty takes all. `noise` is mixed with the recordings; without it, the noise among the negatives.
    `rates` of false accepts are judged beside the usual ones. `cache` keeps what the engine says, for the next time. Raises any
    `EdgeAsrError`.
    """
    engine = load_engine(bundle)
    recordings, left_out = read_positives(positives, engine.labels)
    audio = _read_negatives(negatives, engine.manifest, progress)
    part = split_named(split)
    files = noise_files(noise) if noise else tuple(dict.fromkeys(clip.path for clip in audio.of(part, "noise")))
    rendering = Rendering(engine.manifest.frontend.sample_rate, noise=files)
    said = score_positives(bundle, recordings, cache, rendering, workers=workers, progress=progress)
    other = score_negatives(bundle, streams(audio, part), cache, workers=workers, progress=progress)
    names = (positives.resolve().name, _names(negatives) + (f" ({part} split)" if part else ""))
    evaluation = evaluate_wake(
        engine, said, other, names=names, rates=rates, left_out=(*left_out, *audio.left_out), progress=progress
    )
    if report is not None:
        from edge_asr.training.wake_report import write_wake_report

        write_wake_report(report, evaluation, rendering)
    if json_file is not None:
        write_json(json_file, wake_json(evaluation))
    return evaluation


def calibrate_for(
    bundle: Path,
    negatives: Sequence[Path],
    target: float,
    cache: Path,
    *,
    split: str = "",
    workers: int = 1,
    progress: Progress = no_progress,
) -> tuple[ThresholdChoice, ...]:
    """Choose the thresholds of `bundle` anew on the audio in `negatives`; see `calibrate_bundle`. Raises any `EdgeAsrError`."""
    audio = _read_negatives(negatives, read_bundle(bundle).manifest, progress)
    wanted, name = streams(audio, split_named(split)), _names(negatives)
    return calibrate_bundle(bundle, wanted, target, cache, audio=name, workers=workers, progress=progress)


def _read_negatives(places: Sequence[Path], manifest: Manifest, progress: Progress) -> Negatives:
    if not places:
        raise ConfigError("expected --negatives FOLDER, audio without the words (several may be named), found none")
    words = [label.replace("_", " ") for label in manifest.labels if label not in BACKGROUND]
    return read_negatives(places, phrases=words, progress=progress)


def split_named(name: str) -> Split | None:
    """The split of that name; None for no name. Raises `ConfigError`."""
    if name and name not in SPLITS:
        raise ConfigError(f"--split: expected one of {', '.join(SPLITS)}, found {name!r}")
    return next((split for split in SPLITS if split == name), None)


def _names(places: Sequence[Path]) -> str:
    return ", ".join(place.resolve().name for place in places)
