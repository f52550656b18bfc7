"""Mel filter banks, and the segment sums that apply one to a single frame at a time.

Neighbouring triangles share their edges, so each FFT bin lies between two neighbouring band centres: it belongs to the
rising side of one band and the falling side of the band below. A band is therefore the sum of one segment of rising
products and the next segment of falling ones. That is less work than a matrix product, and the order of the additions
does not depend on how many frames are computed together, as it does in a BLAS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_asr.frontend.spec import FrontendSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MelBank:
    """Segments of FFT bins between the edges of the mel bands.

    `starts`: (bands + 1,) first bin of each segment; `weights`: (2, bins) of the bins from `first` to `last`, rising and
    falling; `empty`: the segments that hold no bin.
    """

    first: int
    last: int
    starts: NDArray[np.intp]
    weights: Floats
    empty: NDArray[np.intp]

    def apply(self, spectrum: Floats) -> Floats:
        """(frames, fft_length / 2 + 1) spectra to (frames, bands) band energies."""
        products = spectrum[:, None, self.first : self.last] * self.weights
        sums = np.add.reduceat(products, self.starts, axis=2)
        if self.empty.size:
            sums[:, :, self.empty] = 0.0
        bands: Floats = sums[:, 0, :-1] + sums[:, 1, 1:]
        return bands


def hz_to_mel(hz: float | Floats) -> Floats:
    """HTK mel scale: 2595 log10(1 + hz / 700)."""
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(hz) / 700.0), np.float64)


def mel_to_hz(mel: float | Floats) -> Floats:
    """Inverse of `hz_to_mel`."""
    return np.asarray(700.0 * (10.0 ** (np.asarray(mel) / 2595.0) - 1.0), np.float64)


def mel_bank(spec: FrontendSpec) -> MelBank:
    """The segments of `spec`'s mel filters. Triangles have height 1."""
    edges_hz = mel_to_hz(np.linspace(hz_to_mel(spec.low_hz), hz_to_mel(spec.high_edge), spec.mel_bands + 2))
    if spec.mel_edges == "bins":
        edges = np.floor((spec.fft_length + 1) * edges_hz / spec.sample_rate)
    else:
        edges = edges_hz * spec.fft_length / spec.sample_rate
    first = int(np.ceil(edges[0]))
    last = min(int(np.ceil(edges[-1])), spec.fft_length // 2 + 1)
    bins = np.arange(first, last)
    segment = np.clip(np.searchsorted(edges, bins, side="right") - 1, 0, spec.mel_bands)
    width = edges[segment + 1] - edges[segment]
    rising = (bins - edges[segment]) / width
    starts = np.searchsorted(bins, edges[:-1], side="left")
    empty = np.flatnonzero(np.bincount(segment, minlength=spec.mel_bands + 1) == 0)
    # reduceat wants indices inside the array, and gives one bin for an empty segment: `apply` takes that back.
    return MelBank(first, last, np.minimum(starts, len(bins) - 1), np.stack((rising, 1.0 - rising)), empty)
