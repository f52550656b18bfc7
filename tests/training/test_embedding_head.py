from __future__ import annotations

import numpy as np
import pytest

from edge_asr.data.tables import FeatureTable
from edge_asr.training.embedding_head import Guidance, guidance
from edge_asr.training.recipe import recipe_from_table

RECIPE = recipe_from_table(
    {
        "name": "toy",
        "data": {"reader": "folder", "labels": ["_unknown_", "word"]},
        "model": {"arch": "ds_cnn"},
        "train": {"per_keyword": 1024, "per_unknown": 1024},
    },
    source="test",
)


def table(clips: int = 60, variants: int = 3) -> FeatureTable:
    """Embeddings whose third frame tells the class; three clips in sixty are labelled wrong."""
    rng = np.random.default_rng(0)
    labels = np.arange(clips, dtype=np.int32) % 2
    features = rng.normal(5, 3, size=(clips, variants, 4, 96))
    features[:, :, 2, :8] += 12.0 * labels[:, None, None]
    wrong = labels.copy()
    wrong[:3] = 1 - wrong[:3]
    return FeatureTable(features.astype(np.float16), wrong, tuple(map(str, range(clips))), ("_unknown_", "word"))


@pytest.fixture(scope="module")
def found() -> Guidance:
    return guidance(table(), RECIPE)


def test_the_heads_say_what_the_embeddings_tell(found: Guidance) -> None:
    posteriors = np.exp(found.teacher_logits.astype(np.float64))
    assert posteriors.shape == (60, 3, 2)
    np.testing.assert_allclose(posteriors.sum(axis=-1), 1, atol=2e-3)  # logarithms in float16
    truth = np.arange(60) % 2
    clean = posteriors[3:].argmax(axis=-1) == truth[3:, None]
    assert clean.mean() > 0.97


def test_what_is_foretold_is_the_last_frame_standardised(found: Guidance) -> None:
    foretold = found.foretold.astype(np.float64)
    assert foretold.shape == (60, 3, 96)
    np.testing.assert_allclose(foretold.mean(axis=(0, 1)), 0, atol=2e-3)  # float16
    np.testing.assert_allclose(foretold.std(axis=(0, 1)), 1, atol=2e-3)
    last = table().features[:, :, -1].astype(np.float64)
    assert np.corrcoef(foretold[..., 5].ravel(), last[..., 5].ravel())[0, 1] > 0.999


def test_the_same_seed_gives_the_same_guidance(found: Guidance) -> None:
    said: list[tuple[str, int, int]] = []
    again = guidance(table(), RECIPE, progress=lambda *about: said.append(about))
    np.testing.assert_array_equal(found.teacher_logits, again.teacher_logits)
    assert said[-1] == ("teacher", 36, 36)
