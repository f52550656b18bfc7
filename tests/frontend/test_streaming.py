"""The streaming front end gives the offline one's bits, however the audio is cut."""

import dataclasses

import numpy as np
import pytest

from edge_asr.errors import AudioError
from edge_asr.frontend import PRESETS, StreamingFrontend, compute
from edge_asr.frontend.kernel import BLOCK_FRAMES
from edge_asr.frontend.streaming import BLOCK_FRAMES as STREAM_BLOCK
from tests.signals import speech_like

SIGNAL = speech_like(2.0, seed=3)


def cut(signal, length, seed=0):
    """Chunks of `length` samples; of random lengths (0 among them) for length 0."""
    rng, at = np.random.default_rng(seed), 0
    while at < len(signal):
        step = length or int(rng.integers(0, 2500))
        yield signal[at : at + step]
        at += step


def stream(frontend, signal, length):
    return np.concatenate([frontend.accept(chunk) for chunk in cut(signal, length)])


@pytest.mark.parametrize("length", [1, 7, 160, 1000, 0])
@pytest.mark.parametrize("preset", PRESETS)
def test_equals_offline_bit_for_bit(preset, length):
    spec = PRESETS[preset]
    expected = compute(SIGNAL, spec)
    assert len(expected) == spec.frames_in(len(SIGNAL)) > 90
    np.testing.assert_array_equal(stream(StreamingFrontend(spec), SIGNAL, length), expected)


@pytest.mark.parametrize("preset", PRESETS)
def test_reset_forgets(preset):
    frontend = StreamingFrontend(PRESETS[preset])
    first = stream(frontend, SIGNAL, 777)
    frontend.accept(SIGNAL[:1234])
    frontend.reset()
    np.testing.assert_array_equal(stream(frontend, SIGNAL, 160), first)


@pytest.mark.parametrize("step", [3, 4, 200])
def test_frames_come_in_groups_as_soon_as_a_group_is_complete(step):
    """Never part of a group; 200 is more than a block."""
    spec = PRESETS["logmel40"]
    signal = np.tile(SIGNAL, 5)
    expected = compute(signal, spec)
    frontend, heard, count = StreamingFrontend(spec, step=step), 0, 0
    for chunk in cut(signal, 0):
        heard += len(chunk)
        features = frontend.accept(chunk)
        np.testing.assert_array_equal(features, expected[count : count + len(features)])
        count += len(features)
        assert count == spec.frames_in(heard) // step * step
    assert count >= 400


def test_one_chunk_longer_than_a_block_is_worked_through_in_blocks():
    spec = PRESETS["psf"]
    signal = np.tile(SIGNAL, 6)
    expected = compute(signal, spec)
    assert len(expected) > 2 * BLOCK_FRAMES
    np.testing.assert_array_equal(StreamingFrontend(spec).accept(signal), expected)
    # Block edges are not special: the same audio from another place gives the same frames.
    shift = 100 * spec.hop_samples
    np.testing.assert_array_equal(compute(signal[shift:], spec)[1:], expected[101:])


def test_several_frames_come_from_one_chunk():
    assert StreamingFrontend(PRESETS["psf"]).accept(SIGNAL[: 400 + 160 * 6]).shape == (7, 13)


@pytest.mark.parametrize("preset", PRESETS)
def test_int16_and_float_mean_the_same(preset):
    spec = PRESETS[preset]
    expected = compute(SIGNAL, spec)
    for dtype in (np.float32, np.float64):
        np.testing.assert_array_equal(compute(SIGNAL.astype(dtype) / 32768, spec), expected)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (np.zeros((10, 2), np.int16), "mix the channels"),
        (np.zeros(10, np.int32), "dtype"),
        (np.array([0.0, np.nan]), "NaN"),
        (np.array([0.0, -np.inf], np.float32), "NaN or infinity"),
        (np.array([0.0, 12000.0], np.float32), "divide by 32768"),
        ([0.0, 1.0], "array"),
    ],
)
def test_bad_samples_are_refused_and_leave_the_stream_as_it_was(bad, says):
    frontend = StreamingFrontend(PRESETS["logmel40"])
    head = frontend.accept(SIGNAL[:5000])
    with pytest.raises(AudioError, match=says):
        frontend.accept(bad)
    with pytest.raises(AudioError, match=says):
        compute(bad, PRESETS["logmel40"])
    np.testing.assert_array_equal(np.concatenate((head, frontend.accept(SIGNAL[5000:]))), compute(SIGNAL, PRESETS["logmel40"]))


def test_bad_sample_far_inside_a_long_chunk_takes_nothing():
    spec = PRESETS["logmel40"]
    frontend = StreamingFrontend(spec)
    long = np.zeros(STREAM_BLOCK * spec.hop_samples * 2, np.float32)
    long[-1] = np.nan
    with pytest.raises(AudioError, match="NaN"):
        frontend.accept(long)
    np.testing.assert_array_equal(frontend.accept(SIGNAL), compute(SIGNAL, spec))


def test_normalisation_uses_the_specs_constants():
    plain = PRESETS["logmel40"]
    shifted = dataclasses.replace(plain, norm_mean=(2.0,), norm_scale=(4.0,))
    # 1e-6: both results are rounded to float32 once.
    np.testing.assert_allclose(compute(SIGNAL, shifted), (compute(SIGNAL, plain) - 2.0) / 4.0, rtol=1e-6, atol=1e-6)
    each = dataclasses.replace(plain, norm_mean=tuple(float(i) for i in range(40)))
    np.testing.assert_allclose(
        compute(SIGNAL, each), compute(SIGNAL, plain) - np.arange(40, dtype=np.float32), rtol=1e-6, atol=1e-5
    )
