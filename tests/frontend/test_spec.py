"""What a front end may be, and the shapes it promises."""

import dataclasses

import numpy as np
import pytest

from edge_asr.config import build, to_table
from edge_asr.errors import ConfigError
from edge_asr.frontend import PRESETS, FrontendSpec, compute
from edge_asr.frontend.mel import mel_bank


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hop_ms": 40.0}, "hop_ms must be at most window_ms"),
        ({"fft_length": 256}, "fft_length must be a power of two"),
        ({"fft_length": 600}, "fft_length must be a power of two"),
        ({"high_hz": 9000.0}, "high_hz"),
        ({"low_hz": 7700.0}, "high_hz must lie above low_hz"),
        ({"mfcc": 41}, "mfcc must be at most mel_bands"),
        ({"energy": True}, "energy needs mfcc"),
        ({"norm_mean": (0.0, 1.0)}, "norm_mean must have 1 or 40"),
        ({"window_ms": 30.03}, "whole number of samples"),
    ],
)
def test_broken_relations(change, says):
    with pytest.raises(ConfigError, match=says):
        dataclasses.replace(FrontendSpec(), **change)


@pytest.mark.parametrize("preset", PRESETS)
def test_spec_survives_a_table(preset):
    spec = PRESETS[preset]
    assert build(FrontendSpec, to_table(spec), source="test") == spec


def test_shapes_of_a_second():
    assert compute(np.zeros(16000, np.int16), PRESETS["dscnn"]).shape == (49, 10)
    assert compute(np.zeros(16000, np.int16), PRESETS["logmel40"]).shape == (49, 40)
    assert compute(np.zeros(16000, np.int16), PRESETS["psf"]).shape == (98, 13)
    assert compute(np.zeros(100, np.int16), PRESETS["psf"]).shape == (0, 13)
    assert compute(np.zeros(0, np.int16), PRESETS["psf"]).shape == (0, 13)


@pytest.mark.parametrize("preset", PRESETS)
def test_samples_for_is_the_least_that_gives_the_frames(preset):
    spec = PRESETS[preset]
    for frames in (1, 2, 49):
        assert spec.frames_in(spec.samples_for(frames)) == frames
        assert spec.frames_in(spec.samples_for(frames) - 1) == frames - 1


@pytest.mark.parametrize(
    "spec", [*PRESETS.values(), FrontendSpec(mel_bands=128, low_hz=0.0), FrontendSpec(sample_rate=8000, high_hz=4000.0)]
)
def test_segment_sums_are_the_triangular_filters(spec):
    """Against the textbook form: a dense matrix of triangles between neighbouring edges."""
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
    spectrum = np.random.default_rng(0).random((3, len(bins)))
    # float64 sums of at most a few hundred terms.
    np.testing.assert_allclose(mel_bank(spec).apply(spectrum), spectrum @ dense, rtol=1e-12, atol=1e-12)


def test_tone_lights_its_band():
    spec = PRESETS["logmel40"]
    t = np.arange(16000) / 16000
    features = compute((0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32), spec)
    mel = np.linspace(2595 * np.log10(1 + spec.low_hz / 700), 2595 * np.log10(1 + spec.high_edge / 700), 42)
    centre = 700 * (10 ** (mel[1:-1] / 2595) - 1)
    assert abs(centre[int(features.mean(axis=0).argmax())] - 1000) < 60  # half a band at 1 kHz
