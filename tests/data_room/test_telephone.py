from __future__ import annotations

import numpy as np
import pytest

from edge_asr.data.level import rms
from edge_asr.data.telephone import mu_law, telephone

RATE = 16000


def tone(hertz: float, peak: float = 0.5) -> np.ndarray:
    return (peak * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)).astype(np.float32)


@pytest.mark.parametrize("hertz", [500.0, 1000.0, 3000.0])
def test_what_lies_in_the_band_passes(hertz: float) -> None:
    through = telephone(tone(hertz), RATE)
    assert through.dtype == np.float32
    assert through.shape == (RATE,)
    assert rms(through) == pytest.approx(rms(tone(hertz)), rel=0.05)  # mu-law keeps 38 dB, the ends ring a little


@pytest.mark.parametrize("hertz", [60.0, 4500.0, 6000.0])
def test_what_lies_outside_does_not(hertz: float) -> None:
    # 60 Hz is 2.3 octaves below the edge, at 18 dB each: 42 dB. Above 4 kHz the resampler leaves nothing.
    assert rms(telephone(tone(hertz), RATE)) < 0.01 * rms(tone(hertz))


def test_rounding_is_finer_for_quiet_sound() -> None:
    for peak in (1.0, 0.1, 0.01):
        sound = tone(440, peak)
        error = rms(mu_law(sound) - sound) / rms(sound)
        assert 0.001 < error < 0.03  # 8 bits of mu-law: 33 to 38 dB over 40 dB of levels (G.711)
    assert len(np.unique(mu_law(np.linspace(-2, 2, 100001, dtype=np.float32)))) == 255


def test_the_length_stays_for_any_rate_and_nothing_is_nothing() -> None:
    for rate, length in ((16000, 1), (16000, 12345), (8000, 777), (44100, 1001)):
        assert telephone(np.ones(length, np.float32) / 2, rate).shape == (length,)
    assert telephone(np.zeros(0, np.float32), RATE).shape == (0,)
    assert not telephone(np.zeros(100, np.float32), RATE).any()
