"""What the commands of `tasks.py` do with a recogniser."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge_asr.training.console import progress_bars

if TYPE_CHECKING:
    from edge_asr.data.speech_material import SpeechPlaces


def speech_places(
    data: Sequence[str], negatives: Sequence[str] = (), noise: Sequence[str] = (), piper: Path | None = None
) -> SpeechPlaces:
    from edge_asr.data.speech_material import SpeechPlaces

    return SpeechPlaces(tuple(map(Path, data)), tuple(map(Path, negatives)), tuple(map(Path, noise)), piper)


def train_speech(recipe: Path, places: SpeechPlaces, folder: Path, cache: Path, settings: list[str], resume: bool) -> None:
    from edge_asr.training.speech_pipeline import train_speech_run
    from edge_asr.training.speech_run_text import epoch_text, result_text

    with progress_bars() as progress:
        result = train_speech_run(
            recipe,
            places,
            folder,
            overrides=settings,
            resume=resume,
            cache_dir=cache,
            workers=os.cpu_count() or 1,
            progress=progress,
            on_epoch=lambda record: print(epoch_text(record)),
        )
    print(result_text(result))
    print(f"Curves: tensorboard --logdir {folder / 'logs'}. Next: invoke quantize --run {folder}")


def quantize_speech(folder: Path, bundle: Path, places: SpeechPlaces | None, cache: Path, settings: list[str]) -> None:
    """`places`: instead of those that training found its recordings in."""
    from edge_asr.training.speech_pipeline import quantize_speech_run
    from edge_asr.training.text import quantize_text

    with progress_bars() as progress:
        report = quantize_speech_run(
            folder, bundle, places=places, overrides=settings, cache_dir=cache, workers=os.cpu_count() or 1, progress=progress
        )
    print(quantize_text(report))
    print(f"Next: invoke evaluate --bundle {bundle} --data FOLDER")
