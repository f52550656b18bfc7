"""Against the textbook: dense triangles, a plain loop over the definition, SciPy's DCT."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.fft import dct

from edge_asr.frontend import PRESETS, FrontendSpec, compute
from edge_asr.frontend.mel import mel_bank
from tests.signals import speech_like

BANKS = [*PRESETS.values(), FrontendSpec(mel_bands=128, low_hz=0.0), FrontendSpec(sample_rate=8000, high_hz=4000.0)]


def triangles(spec: FrontendSpec) -> np.ndarray:
    """(bins, bands): each band rises from one edge to the next and falls to the one after."""
    mel = np.linspace(2595 * np.log10(1 + spec.low_hz / 700), 2595 * np.log10(1 + spec.high_edge / 700), spec.mel_bands + 2)
    edges = 700 * (10 ** (mel / 2595) - 1) * spec.fft_length / spec.sample_rate
    if spec.mel_edges == "bins":
        edges = np.floor(edges / spec.fft_length * (spec.fft_length + 1))
    bins = np.arange(spec.fft_length // 2 + 1)
    dense = np.zeros((len(bins), spec.mel_bands))
    for band in range(spec.mel_bands):
        low, centre, high = edges[band : band + 3]
        if centre > low:
            dense[:, band] += np.where((bins >= low) & (bins < centre), (bins - low) / (centre - low), 0)
        if high > centre:
            dense[:, band] += np.where((bins >= centre) & (bins < high), (high - bins) / (high - centre), 0)
    return dense


@pytest.mark.parametrize("spec", BANKS)
def test_segment_sums_are_the_triangular_filters(spec: FrontendSpec):
    spectrum = np.random.default_rng(0).random((3, spec.fft_length // 2 + 1))
    # float64 sums of at most a few hundred terms.
    np.testing.assert_allclose(mel_bank(spec).apply(spectrum), spectrum @ triangles(spec), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("preset", ["logmel40", "dscnn"])
@pytest.mark.parametrize("window", ["hann", "hamming"])
def test_features_are_their_definition(preset: str, window: str):
    """A quiet signal, so that the floor is met; c0 of the MFCCs is kept, not replaced by an energy."""
    spec = dataclasses.replace(PRESETS[preset], window=window)
    signal = speech_like(1.0, seed=9) // 8
    n = np.arange(spec.window_samples)
    a = {"hann": 0.5, "hamming": 0.54}[window]
    shape = a - (1 - a) * np.cos(2 * np.pi * n / spec.window_samples)
    expected = []
    for frame in range(spec.frames_in(len(signal))):
        samples = signal[frame * spec.hop_samples :][: spec.window_samples] / 32768 * shape
        magnitude = np.abs(np.fft.rfft(samples, spec.fft_length))
        bands = (magnitude**2 if spec.spectrum == "power" else magnitude) @ triangles(spec)
        logs = np.log(np.maximum(bands, spec.log_floor))
        expected.append(dct(logs, norm="ortho")[: spec.mfcc] if spec.mfcc else logs)
    features = compute(signal, spec)
    assert spec.mfcc or (features == np.float32(np.log(spec.log_floor))).any()
    # float32 rounding of numbers up to about 100.
    np.testing.assert_allclose(features, np.array(expected), rtol=1e-6, atol=1e-5)
