"""What the commands of `tasks.py` do to measure clips of words, and recognisers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from edge_asr.training.console import progress_bars


def evaluate_clips(
    bundle: Path, data: Path, reader: str, split: str, others: bool, run: str, files: dict[str, Path | None]
) -> None:
    from edge_asr.training.judge import judge_bundle
    from edge_asr.training.text import evaluation_text

    run_dir = Path(run) if run else None
    with progress_bars() as progress:
        evaluation = judge_bundle(
            bundle, data, reader=reader, split=split, others_are_unknown=others, run_dir=run_dir, **files, progress=progress
        )
    print(evaluation_text(evaluation))


def is_recogniser(bundle: Path) -> bool:
    from edge_asr.bundle.store import read_bundle

    return read_bundle(bundle).manifest.kind == "speech"


def evaluate_recogniser(
    bundle: Path,
    data: Path,
    reader: str,
    split: str,
    most: int,
    negatives: Sequence[str],
    noise: Sequence[str],
    cache: Path,
    files: dict[str, Path | None],
) -> None:
    from edge_asr.training.judge_speech import judge_speech
    from edge_asr.training.speech_subjects import SpeechPlace
    from edge_asr.training.speech_text import speech_text

    with progress_bars() as progress:
        evaluation = judge_speech(
            bundle,
            SpeechPlace(data, reader, split or "test", most),
            cache / "traces",
            negatives=[Path(place) for place in negatives],
            noise=[Path(place) for place in noise],
            report=files["report"],
            json_file=files["json_file"],
            workers=os.cpu_count() or 1,
            progress=progress,
        )
    print(speech_text(evaluation))


def limit_recogniser(
    bundle: Path, data: Path, reader: str, split: str, share: float, negatives: Sequence[str], cache: Path
) -> None:
    from edge_asr.training.judge_speech import calibrate_speech
    from edge_asr.training.speech_subjects import SpeechPlace

    with progress_bars() as progress:
        choice = calibrate_speech(
            bundle,
            SpeechPlace(data, reader, split or "validation"),
            share,
            cache / "traces",
            negatives=[Path(place) for place in negatives],
            workers=os.cpu_count() or 1,
            progress=progress,
        )
    print(choice)
