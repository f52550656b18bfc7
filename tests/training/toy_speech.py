"""Utterances that a tiny network learns in seconds: each word lights up a band of its own, for some frames, under noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_asr.data.speech_table import PreparedSpeech, SpeechTable
from edge_asr.training.recipe import Recipe, recipe_from_table
from edge_asr.training.speech_recipe import tokens_of

WORDS = ("one", "two", "six")
MODEL = {"arch": "ctc_net", "stem_channels": 8, "channels": [48, 48], "kernels": [9], "dropout": 0.02}
TRAIN = {"epochs": 3, "batch_size": 8, "learning_rate": 0.01, "warmup_epochs": 0.5, "weight_averaging": 0.9}
FIELD, STRIDE = 37, 2
"""Of that network, frames."""


def speech_recipe(dropout: float = 0.02, **train: Any) -> Recipe:
    """Three words, and a network that learns them in six epochs."""
    table = {
        "name": "toy",
        "speech": {"unit": "words", "words": list(WORDS)},
        "frontend": {"norm_mean": [-13.8], "norm_scale": [4.0]},  # silence is 0, as the toys have it between words
        "augment": {"time_masks": 1, "time_mask_frames": 2, "frequency_masks": 1, "frequency_mask_bands": 1},
        "model": {**MODEL, "dropout": dropout},
        "train": {**TRAIN, **train},
    }
    return recipe_from_table(table, source="toy")


def speech_table(rows: int, seed: int, most: int = 4) -> SpeechTable:
    """`rows` utterances of none to `most` words, each of 10 to 16 frames with as many of silence around it."""
    rng = np.random.default_rng(seed)
    said = [rng.integers(1, len(WORDS) + 1, rng.integers(0, most + 1)).astype(np.int32) for _ in range(rows)]
    parts = [_utterance(tokens, rng) for tokens in said]
    return SpeechTable(
        features=np.concatenate(parts).astype(np.float16),
        starts=_starts(parts),
        tokens=np.concatenate(said),
        token_starts=_starts(said),
        ids=tuple(f"{seed}/{row}#0" for row in range(rows)),
        texts=tuple(" ".join(WORDS[token - 1] for token in tokens) for tokens in said),
    )


def speech_data(recipe: Recipe, rows: int = 120) -> PreparedSpeech:
    """`rows` utterances to train on, 24 to validate with."""
    train, validation, test = (speech_table(count, seed) for count, seed in ((rows, 1), (24, 2), (4, 3)))
    return PreparedSpeech(train, validation, test, tokens_of(recipe), summary=f"toy: {rows} train")


def _utterance(tokens: Any, rng: np.random.Generator) -> Any:
    frames = [np.zeros((int(rng.integers(8, 14)), 40))]
    for token in tokens:
        word = np.zeros((int(rng.integers(10, 16)), 40))
        word[:, 8 * token : 8 * token + 8] = 3.0
        frames += [word, np.zeros((int(rng.integers(8, 14)), 40))]
    said = np.concatenate(frames)
    return said + rng.normal(scale=0.3, size=said.shape)


def _starts(parts: Any) -> Any:
    return np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
