from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.clips import SPLITS
from edge_asr.data.level import rms
from edge_asr.data.noise import cut_noise, cut_silence, load_noises
from tests.data_room.sounds import RATE, noise, write


def ramp(seconds: float) -> np.ndarray:
    """Every sample tells its place."""
    return np.linspace(0.0, 0.9, round(seconds * RATE), dtype=np.float32)


def test_the_last_tenths_of_a_long_noise_are_held_back(tmp_path: Path):
    path = write(tmp_path / "a.wav", ramp(20), subtype="FLOAT")
    pools = load_noises([path], RATE, RATE)
    np.testing.assert_array_equal(np.concatenate([*pools.train, *pools.validation, *pools.test]), ramp(20))
    assert [len(pools.of(split)[0]) for split in SPLITS] == [16 * RATE, 2 * RATE, 2 * RATE]


def test_short_noises_are_dealt_out_whole(tmp_path: Path):
    paths = [write(tmp_path / f"{i}.wav", noise(0.5, i), subtype="FLOAT") for i in range(100)]
    pools = load_noises(paths, RATE, RATE)
    counts = {split: len(pools.of(split)) for split in SPLITS}
    assert sum(counts.values()) == 100
    # A share of 10 % of 100 names by hash: four standard deviations (3 each) around 10, and never none.
    assert 1 <= counts["test"] <= 22
    assert 1 <= counts["validation"] <= 22
    first = {float(samples[0]) for samples in pools.train}
    assert not first & {float(samples[0]) for samples in pools.validation + pools.test}


def test_without_noise_there_is_coloured_noise():
    pools = load_noises([], RATE, RATE)
    signals = [samples for split in SPLITS for samples in pools.of(split)]
    assert len(signals) == 9
    assert len({samples.tobytes() for samples in signals}) == 9
    assert all(rms(samples) == pytest.approx(0.03, rel=1e-4) for samples in signals)  # float32 rounding
    low_share = []
    for samples in pools.train:
        power = np.abs(np.fft.rfft(samples)) ** 2
        low_share.append(power[: len(power) // 8].sum() / power.sum())
    assert low_share[0] < 0.2 < 0.5 < low_share[1] < low_share[2]


def test_a_broken_noise_is_left_out_and_named(tmp_path: Path):
    good = write(tmp_path / "good.wav", noise(20, 1))
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound")
    pools = load_noises([bad, good], RATE, RATE)
    assert [item.path for item in pools.left_out] == [bad]
    assert str(bad) not in pools.left_out[0].why.split(":")[0]
    assert len(pools.train) == 1


def test_cuts_come_from_everywhere():
    rng = np.random.default_rng(0)
    cuts = [cut_noise([ramp(2), -ramp(1)], RATE, rng) for _ in range(200)]
    assert all(len(cut) == RATE for cut in cuts)
    starts = [float(cut[0]) for cut in cuts if cut[-1] > 0]
    assert 50 < len(starts) < 150  # half of 200, seven standard deviations
    assert min(starts) < 0.1
    assert max(starts) > 0.35


def test_a_short_noise_is_repeated():
    cut = cut_noise([noise(0.3, 0)], RATE, np.random.default_rng(0))
    period = round(0.3 * RATE)
    np.testing.assert_array_equal(cut[:-period], cut[period:])


def test_silence_is_sometimes_digital_and_else_at_many_levels():
    rng = np.random.default_rng(0)
    levels = np.array([rms(cut_silence([noise(5, 0, level=0.1)], RATE, rng)) for _ in range(400)])
    assert 15 <= np.count_nonzero(levels == 0) <= 70  # a tenth of 400, four standard deviations
    decibels = 20 * np.log10(levels[levels > 0] / 0.1)
    # Cuts of white noise differ by 1/sqrt(2 * 16000) = 0.05 dB.
    assert -30.3 < decibels.min() < -28
    assert 4.5 < decibels.max() < 6.3


def test_loud_silence_does_not_clip():
    rng = np.random.default_rng(0)
    assert max(np.abs(cut_silence([noise(5, 0, level=0.9)], RATE, rng)).max() for _ in range(30)) <= 1.0
