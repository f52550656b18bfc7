"""The windows that a wake word is learnt from: where the phrase lies in them, what is around it, what they stand for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.clips import SPLITS
from edge_asr.data.excerpt import Excerpt
from edge_asr.data.level import active_rms
from edge_asr.data.negative_clips import NegativeClip
from edge_asr.data.negative_windows import Piece, Window
from edge_asr.data.prepare_wake import expect_every_label, prepare_wake
from edge_asr.data.sound_pool import NOMINAL_RMS, PoolFiles
from edge_asr.data.spec import AugmentSpec
from edge_asr.data.wake_spec import WakeSpec
from edge_asr.data.wake_waveforms import WakeWaveforms
from edge_asr.data.wake_windows import (
    Take,
    likeness_window,
    mined_window,
    negative_window,
    noise_window,
    phrase_windows,
    speech_window,
)
from edge_asr.errors import DataError
from edge_asr.frontend.presets import PRESETS
from tests.data_room.sounds import RATE, noise, write

SPEC = WakeSpec(phrases=("hey you",), partial_share=1.0, gone_share=1.0, surrounded=0.0)
SECONDS = 1.5
START, END = 0.5, 1.1
"""Of the tone in `take`'s file, which is silent elsewhere."""
PLAIN = AugmentSpec(copies=3, speed=(1.0, 1.0), filter_probability=0.0, reverb_probability=0.0, noise_probability=0.0)


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """A second tone follows after the phrase: nothing of it may be heard."""
    t = np.arange(round((END - START) * RATE)) / RATE
    samples = np.zeros(RATE * 2, np.float32)
    samples[round(START * RATE) :][: len(t)] = 0.05 * np.sin(2 * np.pi * 440 * t)
    samples[round(1.3 * RATE) :] = 0.3
    path = write(tmp_path / "take.wav", samples)
    return Take("phrase/1", Excerpt(path, START - 0.03, END + 0.03), 0.03, 0.63, "train", 1)


def source(around: PoolFiles = PoolFiles(), spec: WakeSpec = SPEC, augment: AugmentSpec = PLAIN) -> WakeWaveforms:  # noqa: B008
    return WakeWaveforms(dict.fromkeys(SPLITS, around), RATE, SECONDS, spec, augment, seed=1)


def loud(samples: np.ndarray) -> np.ndarray:
    """Seconds at which the sound is there, counted from the window's end backwards."""
    return (len(samples) - np.flatnonzero(np.abs(samples) > 0.01)) / RATE


def test_the_phrase_ends_shortly_before_the_window_does(take: Take):
    window = next(phrase_windows(take, SPEC))
    assert window.label == 1
    since = []
    for samples in source().variants(window, range(4)):
        assert samples.shape == (RATE * SECONDS,)
        assert samples.dtype == np.float32
        heard = loud(samples)
        assert heard.max() - heard.min() == pytest.approx(END - START, abs=0.02)  # faded at its ends
        since.append(heard.min())
    assert all(-0.001 <= gap <= 0.3 + 0.02 for gap in since)
    assert len(set(since)) == 4


def test_half_said_and_long_gone_are_not_the_phrase(take: Take):
    partial, gone = list(phrase_windows(take, SPEC))[1:]
    assert (partial.label, gone.label) == (0, 0)
    for samples in source().variants(partial, range(4)):
        heard = loud(samples)
        assert heard.min() < 0.02  # goes on at the window's end
        assert 0.2 * 0.6 - 0.03 <= heard.max() <= 0.65 * 0.6 + 0.03
    for samples in source().variants(gone, range(4)):
        assert not len(loud(samples)) or loud(samples).min() >= 0.6 - 0.001


def test_shares_decide_how_many_windows_a_take_gives(take: Take):
    takes = [replace(take, id=f"phrase/{i}") for i in range(400)]
    windows = [window.id for item in takes for window in phrase_windows(item, replace(SPEC, partial_share=0.25, gone_share=0.0))]
    assert len(set(windows)) == len(windows)
    assert 400 + 60 < len(windows) < 400 + 140  # 100 expected, five standard deviations are 43


def test_speed_moves_the_beginning_not_the_end(take: Take):
    window = replace(next(phrase_windows(take, SPEC)), ends=(0.63, 0.63))
    fast = source(augment=replace(PLAIN, speed=(1.25, 1.25)))
    heard = loud(list(fast.variants(window, range(2)))[1])
    assert heard.min() < 0.02
    assert heard.max() == pytest.approx((END - START) / 1.25, abs=0.02)


def test_every_sound_is_brought_to_one_level(take: Take):
    (samples,) = source().variants(next(phrase_windows(take, SPEC)), range(1))
    assert active_rms(samples, RATE) == pytest.approx(NOMINAL_RMS, rel=0.2)  # frames at the edges are half full


def test_other_speech_stands_around_the_phrase(take: Take, tmp_path: Path):
    other = write(tmp_path / "other.wav", np.sign(noise(3.0, 1)))
    window = next(phrase_windows(take, SPEC))
    (alone,) = source(PoolFiles(speech=(other,))).variants(window, range(1))
    (among,) = source(PoolFiles(speech=(other,)), replace(SPEC, surrounded=1.0, gap_ms=(0.0, 0.0))).variants(window, range(1))
    spare = round((SECONDS - 0.3 - (END - START) - 0.2) * RATE)  # before any place of the phrase
    assert not alone[:spare].any()
    assert active_rms(among[:spare], RATE) > 0.2 * NOMINAL_RMS


def test_the_same_window_sounds_the_same_but_for_the_seed(take: Take):
    window = next(phrase_windows(take, SPEC))
    varied = source(augment=AugmentSpec(copies=3))
    first, second = list(varied.variants(window, range(3))), list(varied.variants(window, range(3)))
    np.testing.assert_array_equal(first, second)
    other = list(replace(varied, seed=2).variants(window, range(3)))
    assert not np.array_equal(first[1], other[1])
    held = replace(window, split="validation")
    np.testing.assert_array_equal(list(varied.variants(held, range(1))), list(replace(varied, seed=2).variants(held, range(1))))


def test_other_speech_ends_at_the_phrases_place_or_anywhere(take: Take):
    assert likeness_window(take, SPEC).ends == pytest.approx((0.63, 0.93))
    assert speech_window(take, SPEC).ends == pytest.approx((0.33, 0.93))
    assert {likeness_window(take, SPEC).label, speech_window(take, SPEC).label} == {0}


def ramp(tmp_path: Path) -> Window:
    """A plan of two pieces of a file whose samples tell their time."""
    path = write(tmp_path / "ramp.wav", np.linspace(0.0, 0.4, 4 * RATE, endpoint=False, dtype=np.float32), subtype="FLOAT")
    clip = NegativeClip(path, "train", None, 4.0, "speech", "")
    return Window("ramp", 4.0, (Piece(clip, 0.5, 1.0, 0.0), Piece(clip, 2.0, 2.0, 2.0)))


def test_negatives_and_mined_moments(tmp_path: Path):
    window = ramp(tmp_path)
    anywhere = negative_window("speech/3", "validation", window, SECONDS)
    assert (anywhere.id, anywhere.split, anywhere.label, anywhere.ends) == (
        "negative/speech/3",
        "validation",
        0,
        (1.5, 4.0),
    )
    mined = mined_window("a", window.pieces[0].clip.path, 3.8, SECONDS)
    assert mined.label == 0
    (heard,) = source().variants(replace(mined, ends=(mined.ends[1], mined.ends[1])), range(1))
    last = len(heard) - round(0.02 * RATE)  # before the fade
    # The latest end is 3.9 s into the file, whose samples rise in proportion to the time.
    assert heard[last] / heard[last - RATE] == pytest.approx((3.9 - 0.02) / (2.9 - 0.02), rel=0.01)


def test_features_of_all_windows_are_prepared_and_found_again(take: Take, tmp_path: Path):
    windows = [*phrase_windows(take, SPEC), noise_window(0, "train"), noise_window(0, "validation")]
    (tmp_path / "b.wav").write_bytes(b"RIFF")
    broken = replace(take, id="broken", excerpt=Excerpt(tmp_path / "b.wav", 0.0, 1.0))
    settings = {"cache_dir": tmp_path / "cache"}
    prepared = prepare_wake([*windows, likeness_window(broken, SPEC)], source(), PRESETS["logmel40"], **settings)
    assert prepared.train.features.shape == (4, 4, 74, 40)
    assert prepared.train.labels.tolist() == [1, 0, 0, 0]
    assert prepared.validation.features.shape == (1, 1, 74, 40)
    assert "1 files left out" in prepared.summary
    seen: list[str] = []
    again = prepare_wake(
        [*windows, likeness_window(broken, SPEC)],
        source(),
        PRESETS["logmel40"],
        **settings,
        progress=lambda what, *_: seen.append(what),
    )
    assert seen == []
    np.testing.assert_array_equal(again.train.features, prepared.train.features)
    expect_every_label(prepared)
    with pytest.raises(DataError, match="of: hey_you"):
        expect_every_label(prepare_wake(windows[1:], source(), PRESETS["logmel40"], **settings))
