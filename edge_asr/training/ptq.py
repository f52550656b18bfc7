"""Post-training quantisation: activation ranges from a representative set, kernels rounded as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import ConversionError
from edge_asr.training.fake_quant import round_kernels, simulate_int8

if TYPE_CHECKING:
    from edge_asr.data.tables import FeatureTable


def representative_set(table: FeatureTable, clips: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Up to `clips` different clips of `table`, each in one of its variants: float32 (clips, frames, features, 1).

    Augmented variants count too: they are as loud and as noisy as what a device hears. Raises `ConversionError` when the
    table is empty.
    """
    available, variants = table.features.shape[:2]
    if not available:
        raise ConversionError("expected training clips for the representative set, found none")
    chosen = np.sort(rng.choice(available, min(clips, available), replace=False))
    features = table.features[chosen, rng.integers(variants, size=len(chosen))]
    return np.asarray(features, dtype=np.float32)[..., np.newaxis]


def post_training(folded: keras.Model, representative: NDArray[np.float32]) -> keras.Model:
    """The simulated int8 model of a folded one, ready for `convert_int8`.

    `representative` (clips, frames, features, 1) float32: each activation's range holds all that it takes on over these.
    """
    simulated = simulate_int8(folded, representative)
    round_kernels(simulated)
    return simulated
