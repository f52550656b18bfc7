"""What a round of training reads: features of all windows, of what was mined before it, and the embedding's guidance."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_asr.data.prepare_wake import expect_every_label
from edge_asr.data.speech_embedding import SpeechEmbedding, has_speech_embedding
from edge_asr.data.tables import FeatureTable, Prepared
from edge_asr.data.wake_dataset import again
from edge_asr.data.wake_windows import WakeWindow, mined_window
from edge_asr.files import write_whole
from edge_asr.training.embedding_head import Guidance, guidance
from edge_asr.training.wake_mining import Mined, read_mined
from edge_asr.training.workshop import Collected, Workshop, features

MINED, GUIDANCE = "mined.json", "guidance.npz"
"""In a round's folder: what was found after it, and what guided it."""


def round_dir(shop: Workshop, number: int) -> Path:
    """Run folder of a round, counted from 0."""
    return shop.run_dir / "rounds" / str(number)


def mined_so_far(shop: Workshop) -> tuple[Mined, ...]:
    """What the finished rounds have found."""
    found = (read_mined(round_dir(shop, number) / MINED) for number in range(shop.wake.mining_rounds))
    return tuple(mined for mined in found if mined is not None)


def round_table(
    shop: Workshop, collected: Collected, found: Sequence[Mined], frontend: SpeechEmbedding | None = None
) -> Prepared:
    """The features of all windows, and of what was mined, each of which counts `wake.mining_weight` times."""
    prepared = features(shop, collected, collected.dataset.windows, frontend)
    expect_every_label(prepared)
    windows = [copy for window in _windows(shop, found) for copy in again(window, shop.wake.mining_weight)]
    if not windows:
        return prepared
    mined = features(shop, collected, windows, frontend).train
    table = FeatureTable(
        np.concatenate([prepared.train.features, mined.features]),
        np.concatenate([prepared.train.labels, mined.labels]),
        prepared.train.ids + mined.ids,
        prepared.train.label_names,
    )
    return replace(prepared, train=table)


def round_guidance(shop: Workshop, collected: Collected, found: Sequence[Mined]) -> Guidance | None:
    """What the speech embedding gives for the same windows; None where the recipe or the machine has none.

    It is kept in the folder of the round that trains on it, which comes after as many as have `found` something.
    """
    if not shop.wake.guided or not has_speech_embedding():
        return None
    file = round_dir(shop, len(found)) / GUIDANCE
    kept = _read_guidance(file)
    if kept is None:
        table = round_table(shop, collected, found, SpeechEmbedding()).train
        kept = guidance(table, shop.recipe, progress=shop.progress)
        content = io.BytesIO()
        np.savez(content, teacher_logits=kept.teacher_logits, foretold=kept.foretold)
        write_whole(file, content.getvalue())
    return kept


def _read_guidance(file: Path) -> Guidance | None:
    """What was kept, or None where there is none or it is damaged."""
    try:
        with file.open("rb") as handle, np.load(handle, allow_pickle=False) as arrays:
            return Guidance(arrays["teacher_logits"], arrays["foretold"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _windows(shop: Workshop, found: Sequence[Mined]) -> list[WakeWindow]:
    return [
        mined_window(f"{number}/{place:05d}", Path(moment.path), moment.time, shop.recipe.data.clip_seconds)
        for number, mined in enumerate(found)
        for place, moment in enumerate(mined.moments)
    ]
