"""The psf preset is python_speech_features' mfcc."""

import numpy as np
import pytest
from python_speech_features import mfcc

from edge_asr.frontend import PRESETS, compute
from tests.signals import speech_like

RNG = np.random.default_rng(5)
SIGNALS = {
    "speech-like": speech_like(3.0, seed=1),
    "noise": (RNG.standard_normal(48000) * 3000).astype(np.int16),
    "full-scale noise": RNG.integers(-32768, 32768, 32000).astype(np.int16),
    "quiet": RNG.integers(-2, 3, 32000).astype(np.int16),
    "one frame": speech_like(0.025, seed=2),
    "a sample more than a frame": speech_like(0.025, seed=2, extra=1),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_equals_reference(name):
    signal = SIGNALS[name]
    ours = compute(signal, PRESETS["psf"])
    reference = mfcc(signal)[: len(ours)]
    assert len(ours) == 1 + (len(signal) - 400) // 160
    assert ours.dtype == np.float32
    # The bound, relative to a coefficient's size, with an absolute floor where a coefficient crosses zero:
    # float32 rounding of values around 10 to 80 is 4e-6.
    np.testing.assert_allclose(ours, reference, rtol=1e-4, atol=1e-5)


def test_digital_silence_is_the_floor_not_infinity():
    ours = compute(np.zeros(1600, np.int16), PRESETS["psf"])
    np.testing.assert_allclose(ours, mfcc(np.zeros(1600, np.int16))[: len(ours)], rtol=1e-4, atol=1e-5)
