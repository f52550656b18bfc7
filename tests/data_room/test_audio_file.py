from pathlib import Path

import numpy as np
import pytest

from edge_asr.data import audio_file
from edge_asr.data.audio_file import read_audio
from edge_asr.errors import AudioError
from tests.data_room.sounds import RATE, word, write

# 16 bit: half a step of rounding, and the clip's float samples are not on the grid.
ONE_STEP = 1 / 32768


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_reads_what_was_written(tmp_path: Path, name: str):
    samples = read_audio(write(tmp_path / name, word("yes")), RATE)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, word("yes"), atol=ONE_STEP)


def test_channels_are_averaged(tmp_path: Path):
    left, right = word("left"), word("right")
    samples = read_audio(write(tmp_path / "a.flac", np.stack((left, right), axis=1)), RATE)
    np.testing.assert_allclose(samples, (left + right) / 2, atol=ONE_STEP)


@pytest.mark.parametrize("rate", [8000, 44100])
def test_other_rates_are_resampled(tmp_path: Path, rate: int):
    t = np.arange(rate) / rate
    samples = read_audio(write(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 440 * t), rate), RATE)
    assert abs(len(samples) - RATE) <= 1
    spectrum = np.abs(np.fft.rfft(samples[:RATE], RATE))
    assert np.argmax(spectrum) == 440
    # A sine of amplitude 0.5 over 16,000 samples peaks at 4,000; the resampler's ends cost below a percent.
    assert spectrum[440] == pytest.approx(4000, rel=0.01)


def test_float_files_keep_small_values(tmp_path: Path):
    samples = (word("yes") * 1e-4).astype(np.float32)
    np.testing.assert_array_equal(read_audio(write(tmp_path / "a.wav", samples, subtype="FLOAT"), RATE), samples)


def broken(folder: Path) -> dict[str, tuple[Path, str]]:
    whole = write(folder / "whole.flac", word("yes")).read_bytes()
    contents = {"empty": b"", "text": b"hello, I am no sound" * 9, "cut": whole[:20]}
    files = {name: folder / f"{name}.wav" for name in contents}
    for name, path in files.items():
        path.write_bytes(contents[name])
    nan = np.full(1000, np.nan, np.float32)
    return {
        "missing": (folder / "missing.wav", "readable"),
        "folder": (folder, "readable"),
        "empty": (files["empty"], "readable"),
        "text": (files["text"], "readable"),
        "cut": (files["cut"], "readable"),
        "no samples": (write(folder / "none.wav", np.zeros(0, np.float32)), "without samples"),
        "NaN": (write(folder / "nan.wav", nan, subtype="FLOAT"), "NaN"),
        "rate": (write(folder / "rate.wav", word("yes"), 500), "sample rates"),
    }


@pytest.mark.parametrize("case", ["missing", "folder", "empty", "text", "cut", "no samples", "NaN", "rate"])
def test_what_is_no_sound_is_one_clear_error(tmp_path: Path, case: str):
    path, message = broken(tmp_path)[case]
    with pytest.raises(AudioError, match=message) as caught:
        read_audio(path, RATE)
    assert str(path) in str(caught.value)


def test_too_long_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "a.wav", np.stack((word("yes"), word("yes")), axis=1))
    monkeypatch.setattr(audio_file, "LARGEST", 2 * len(word("yes")))
    read_audio(path, RATE)
    monkeypatch.setattr(audio_file, "LARGEST", 2 * len(word("yes")) - 1)
    with pytest.raises(AudioError, match="at most"):
        read_audio(path, RATE)
