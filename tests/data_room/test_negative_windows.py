from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.audio_file import audio_seconds, read_audio, read_excerpt
from edge_asr.data.negatives import draw_windows, load_window, read_negatives, stream, streams
from edge_asr.errors import AudioError, DataError
from tests.data_room.sounds import RATE, noise, word, write

LEVEL = 1000 / 32768
"""On the 16-bit grid."""


def constant(seconds: float, level: float = LEVEL) -> np.ndarray:
    return np.full(round(seconds * RATE), level, np.float32)


def counting(seconds: float) -> np.ndarray:
    """Every second has a level of its own: n / 1024 (on the 16-bit grid) in second n."""
    return (np.repeat(np.arange(int(seconds)), RATE) / 1024).astype(np.float32)


def test_an_excerpt_is_that_part_of_the_file(tmp_path: Path):
    for name in ("a.wav", "a.flac"):
        path = write(tmp_path / name, word("a", seconds=3.0))
        whole = read_audio(path, RATE)
        np.testing.assert_array_equal(read_excerpt(path, RATE, 1.25, 0.5), whole[20000:28000])
        np.testing.assert_array_equal(read_excerpt(path, RATE, 3.0, 60.0), whole[48000:])
        assert audio_seconds(path) == pytest.approx(len(whole) / RATE)
        with pytest.raises(AudioError, match="without samples after 9"):
            read_excerpt(path, RATE, 9.0, 1.0)


def test_hours_are_read_in_parts_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("edge_asr.data.audio_file.LARGEST", 20000)
    path = write(tmp_path / "day.wav", counting(20))
    with pytest.raises(AudioError, match="at most 20000 samples"):
        read_audio(path, RATE)
    assert read_excerpt(path, RATE, 10.25, 0.5).tolist() == [10 / 1024] * 8000


def test_windows_of_a_long_file_lie_evenly_in_it(tmp_path: Path):
    write(tmp_path / "talk.wav", counting(60))
    negatives = read_negatives([tmp_path])
    split = negatives.clips[0].split
    windows = draw_windows(negatives, 3000, 1.5, np.random.default_rng(1), split)
    starts = np.array([window.pieces[0].start for window in windows])
    assert starts.min() >= 0
    assert starts.max() <= 58.5
    # 300 expected in each tenth of the time, standard deviation 16.
    assert np.ptp(np.histogram(starts, 10, (0, 58.5))[0]) < 120
    for window in windows[:20]:
        samples = load_window(window, RATE)
        assert samples.dtype == np.float32
        assert len(samples) == 24000
        assert samples[0] == int(window.pieces[0].start) / 1024


def test_windows_are_drawn_by_time_not_by_file(tmp_path: Path):
    write(tmp_path / "long.wav", constant(90.0))
    for n in range(10):
        write(tmp_path / f"{n}.wav", constant(1.0))
    negatives = read_negatives([tmp_path])
    same = type(negatives)(tuple(type(c)(**{**vars(c), "split": "train"}) for c in negatives.clips))
    first = Counter(
        window.pieces[0].clip.path.stem for window in draw_windows(same, 2000, 1.5, np.random.default_rng(1), "train")
    )
    # 90 of 100 seconds: 1,800 of 2,000 expected, standard deviation 13.
    assert 1740 <= first["long"] <= 1860


def test_short_clips_are_put_together_with_gaps(tmp_path: Path):
    for n in range(8):
        write(tmp_path / f"{n}.wav", constant(0.5))
    negatives = read_negatives([tmp_path])
    for split in {clip.split for clip in negatives.clips}:
        for window in draw_windows(negatives, 50, 2.0, np.random.default_rng(2), split):
            assert len(window.pieces) >= 2
            assert window.pieces[0].at == 0
            for piece, following in zip(window.pieces, window.pieces[1:]):
                gap = following.at - piece.at - piece.seconds
                assert 0.05 - 1e-9 <= gap <= 0.4 + 1e-9
                assert following.start == 0
            last = window.pieces[-1]
            assert last.at + last.seconds <= 2.0 + 1e-9
            assert {piece.clip.split for piece in window.pieces} == {split}
            samples = load_window(window, RATE)
            for piece in window.pieces:
                middle = round((piece.at + piece.seconds / 2) * RATE)
                if piece.seconds > 0.02:
                    assert samples[middle] == pytest.approx(LEVEL)
            assert samples[round((window.pieces[1].at - 0.02) * RATE)] == 0


def test_joints_do_not_click(tmp_path: Path):
    for n in range(4):
        write(tmp_path / f"{n}.wav", constant(0.5, 0.5))
    negatives = read_negatives([tmp_path])
    window = draw_windows(negatives, 1, 3.0, np.random.default_rng(2), negatives.clips[0].split)[0]
    # 5 ms of fade from 0 to 0.5 at 16 kHz are steps of 0.5 / 79.
    assert np.abs(np.diff(load_window(window, RATE))).max() < 0.007


def test_windows_come_from_the_generator(tmp_path: Path):
    for n in range(5):
        write(tmp_path / f"{n}.wav", constant(0.5))
    negatives = read_negatives([tmp_path])
    split = negatives.clips[0].split
    first, again, other = (draw_windows(negatives, 9, 1.5, np.random.default_rng(seed), split) for seed in (1, 1, 2))
    assert first == again != other


def test_windows_of_what_is_not_there(tmp_path: Path):
    write(tmp_path / "a.wav", constant(2.0))
    negatives = read_negatives([tmp_path])
    with pytest.raises(DataError, match="expected noise of the"):
        draw_windows(negatives, 1, 1.0, np.random.default_rng(1), negatives.clips[0].split, kind="noise")


def test_other_rates_fill_the_window(tmp_path: Path):
    write(tmp_path / "a.wav", np.full(44100 * 3, 0.25, np.float32), 44100)
    negatives = read_negatives([tmp_path])
    window = draw_windows(negatives, 1, 1.5, np.random.default_rng(1), negatives.clips[0].split)[0]
    samples = load_window(window, RATE)
    assert len(samples) == 24000
    # The resampler rings at the ends of what it is given; a few hundred samples further in it does not.
    np.testing.assert_allclose(samples[500:-500], 0.25, atol=1e-3)


def test_streams_hold_everything_once(tmp_path: Path):
    write(tmp_path / "talk" / "long.wav", noise(700.0, 1))
    for n in range(5):
        write(tmp_path / "words" / f"{n}.wav", constant(0.5))
    negatives = read_negatives([tmp_path])
    every = streams(negatives)
    heard = [piece.clip for window in every for piece in window.pieces]
    assert sorted(heard, key=lambda c: (c.path, c.start)) == sorted(negatives.clips, key=lambda c: (c.path, c.start))
    names = [window.name for window in every]
    assert names == ["talk/long", "talk/long from 233 s", "talk/long from 467 s", "words (1)"]
    joined = every[-1]
    assert [piece.at for piece in joined.pieces] == pytest.approx([0.0, 0.8, 1.6, 2.4, 3.2])
    assert joined.piece_at(1.7).clip.path.name == "2.wav"
    assert joined.piece_at(1.5).clip.path.name == "1.wav"
    samples = dict(stream(negatives, None, RATE))
    assert list(samples) == names
    assert len(samples["words (1)"]) == round(joined.seconds * RATE)
    assert samples["words (1)"][round(0.65 * RATE)] == 0
    assert samples["words (1)"][round(1.0 * RATE)] == pytest.approx(LEVEL)


def test_streams_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("edge_asr.data.negative_windows.STREAM_SECONDS", 2.0)
    for n in range(7):
        write(tmp_path / "words" / f"{n}.wav", constant(0.5))
    windows = streams(read_negatives([tmp_path]))
    assert [len(window.pieces) for window in windows] == [2, 2, 2, 1]
    assert [window.name for window in windows] == ["words (1)", "words (2)", "words (3)", "words (4)"]
    assert all(window.pieces[0].at == 0 for window in windows)


def test_one_split_and_kind_is_streamed(tmp_path: Path):
    for n in range(40):
        write(tmp_path / f"{n}.wav", constant(0.1))
    negatives = read_negatives([tmp_path])
    heard = {piece.clip.split for window in streams(negatives, "validation") for piece in window.pieces}
    assert heard == {"validation"}
    assert streams(negatives, "validation", "noise") == ()


def test_a_file_that_breaks_off_is_told_and_silent(tmp_path: Path):
    write(tmp_path / "0.wav", constant(0.5))
    gone = write(tmp_path / "1.wav", constant(0.5))
    negatives = read_negatives([tmp_path])
    gone.write_bytes(b"")
    with pytest.raises(AudioError, match="readable"):
        list(stream(negatives, None, RATE))
    told: list[str] = []
    samples = [s for _, s in stream(negatives, None, RATE, broken=lambda item: told.append(item.path.name))]
    assert told == ["1.wav"]
    assert len(samples) == 1
    assert samples[0][round(0.25 * RATE)] == pytest.approx(LEVEL)
    assert not samples[0][round(0.6 * RATE) :].any()
