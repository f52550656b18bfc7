"""What a front end may be, and the shapes it promises."""

import dataclasses

import numpy as np
import pytest

from edge_asr.config import build, to_table
from edge_asr.errors import ConfigError
from edge_asr.frontend import PRESETS, FrontendSpec, compute


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


def test_tone_lights_its_band():
    spec = PRESETS["logmel40"]
    t = np.arange(16000) / 16000
    features = compute((0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32), spec)
    mel = np.linspace(2595 * np.log10(1 + spec.low_hz / 700), 2595 * np.log10(1 + spec.high_edge / 700), 42)
    centre = 700 * (10 ** (mel[1:-1] / 2595) - 1)
    assert abs(centre[int(features.mean(axis=0).argmax())] - 1000) < 60  # half a band at 1 kHz
