"""SpecAugment (Park et al., arXiv 1904.08779) on a batch of features: masks in time and frequency, no time warping."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from edge_asr.data.spec import AugmentSpec

Features: TypeAlias = npt.NDArray[np.float32]


def spec_augment(batch: Features, spec: AugmentSpec, rng: np.random.Generator) -> Features:
    """A copy of `batch`, float32 (clips, frames, features), with each clip's masked frames and features at its mean.

    Widths are drawn evenly from 0 to the spec's largest (at most the whole axis), places evenly among those that fit.
    """
    masked = np.zeros(batch.shape, dtype=bool)
    for _ in range(spec.time_masks):
        masked |= _mask(len(batch), batch.shape[1], spec.time_mask_frames, rng)[:, :, None]
    for _ in range(spec.frequency_masks):
        masked |= _mask(len(batch), batch.shape[2], spec.frequency_mask_bands, rng)[:, None, :]
    return np.where(masked, batch.mean(axis=(1, 2), keepdims=True), batch)


def _mask(clips: int, length: int, widest: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Bool (clips, length): one run of true a clip."""
    width = rng.integers(0, min(widest, length) + 1, size=(clips, 1))
    start = rng.integers(0, length - width + 1)
    place = np.arange(length)
    return (place >= start) & (place < start + width)
