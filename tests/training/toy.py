"""A task that a tiny network learns in seconds: each class has a texture of its own, under noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edge_asr.data.tables import FeatureTable, Prepared
from edge_asr.training.recipe import Recipe, recipe_from_table
from edge_asr.training.run_folder import RunFolder

LABELS = ("yes", "no", "_unknown_", "_silence_")
MODEL = {"arch": "res_ds_cnn", "stem_channels": 8, "stem_stride": [4, 4], "channels": [8], "dropout": 0.3}
TRAIN = {"epochs": 3, "batch_size": 10, "per_keyword": 50, "per_unknown": 40, "per_silence": 60, "learning_rate": 0.02}


def toy_recipe(**train: Any) -> Recipe:
    """Eleven frames of 40 features, 20 batches an epoch unless `train` says otherwise."""
    table = {
        "name": "toy",
        "data": {"reader": "folder", "labels": list(LABELS), "clip_seconds": 0.23},
        "model": MODEL,
        "train": {**TRAIN, **train},
    }
    return recipe_from_table(table, source="toy")


def toy_table(recipe: Recipe, clips: int, variants: int, seed: int) -> FeatureTable:
    """Noisy clips: even, striped along time, striped along frequency, or nothing but noise."""
    frames, features, _ = recipe.input_shape
    textures = np.zeros((len(LABELS), 1, frames, features))
    textures[0] = 1
    textures[1, :, ::2] = 2
    textures[2, :, :, ::2] = 2
    rng = np.random.default_rng(seed)
    labels = (np.arange(clips) % len(LABELS)).astype(np.int32)
    noise = rng.normal(size=(clips, variants, frames, features))
    ids = tuple(f"{seed}/{i}" for i in range(clips))
    return FeatureTable((noise + textures[labels]).astype(np.float16), labels, ids, LABELS)


def toy_data(recipe: Recipe) -> Prepared:
    """60 clips in three variants to train on, 40 to validate with."""
    train, validation, test = (toy_table(recipe, *size) for size in ((60, 3, 1), (40, 1, 2), (4, 1, 3)))
    return Prepared(train, validation, test, summary="toy: 60 train, 40 validation, 4 test")


def kept_weights(run_dir: Path) -> list[Any]:
    """The weights that a run folder keeps."""
    weights: list[Any] = RunFolder(run_dir).model().get_weights()
    return weights
