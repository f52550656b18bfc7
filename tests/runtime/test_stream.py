"""A stream's events depend on the sound alone: not on its cutting, its format, other streams, or what went before."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.bundle.store import Bundle
from edge_asr.errors import AudioError, ConfigError
from edge_asr.frontend import compute
from edge_asr.runtime.events import Detection
from edge_asr.runtime.features import LOWEST_LEVEL
from edge_asr.runtime.stream import Stream
from tests.runtime.tones import RATE, engine_of, random_chunks, tones

WORDS = [(1.0, "yes"), (3.1, "no"), (5.2, "yes"), (7.15, "no")]
SOUND = tones(9, WORDS)


def hear(stream: Stream, chunks) -> list:
    return [event for chunk in chunks for event in stream.accept(chunk)] + stream.finish()


def test_words_are_heard_where_they_are(tiny_bundle: Bundle):
    events = hear(engine_of(tiny_bundle).stream(), [SOUND])
    assert [event.label for event in events] == [word for _, word in WORDS]
    for event, (start, _) in zip(events, WORDS, strict=True):
        assert event.start <= start  # the span must hold the word
        assert start < event.end < start + 1.2  # within 0.4 s (smoothing and one step) of the word's end
        assert 0.8 <= event.score <= 1.0


@pytest.mark.parametrize("length", [1, 7, 160, 1000, 40_000])
def test_chunk_length_changes_nothing(tiny_bundle: Bundle, length: int):
    sound = SOUND[: 2 * RATE]  # one sample at a time is slow
    engine = engine_of(tiny_bundle)
    whole, cut = engine.stream(), engine.stream()
    expected = hear(whole, [sound])
    assert len(expected) == 1
    assert hear(cut, [sound[at : at + length] for at in range(0, len(sound), length)]) == expected
    assert np.array_equal(cut.posterior, whole.posterior)


def hourful(seconds: int) -> tuple[NDArray[np.int16], int]:
    """Noise with a word about every seven seconds, and how many there are."""
    starts = np.arange(10.0, seconds - 10, 7)
    starts += np.random.default_rng(5).uniform(0, 3, len(starts))
    return tones(seconds, [(float(start), ("yes", "no")[i % 2]) for i, start in enumerate(starts)]), len(starts)


def test_hour_at_once_and_in_random_chunks(tiny_bundle: Bundle):
    sound, words = hourful(3600)
    engine = engine_of(tiny_bundle)
    events = hear(engine.stream(), [sound])
    assert len(events) == words
    assert hear(engine.stream(), random_chunks(sound, 8000, seed=6)) == events


def test_memory_is_bounded_at_once_and_flat_in_chunks(tiny_bundle: Bundle):
    sound, words = hourful(600)
    engine = engine_of(tiny_bundle)
    hear(engine.stream(), [sound[: RATE * 3]])  # what is made once is made
    tracemalloc.start()
    try:
        events = hear(engine.stream(), [sound])
        at_once_peak = tracemalloc.get_traced_memory()[1]
        stream, parts = engine.stream(), random_chunks(sound, 8000, seed=6)
        events = [event for _, chunk in zip(range(200), parts, strict=False) for event in stream.accept(chunk)]
        before = tracemalloc.get_traced_memory()[0]
        events += hear(stream, parts)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(events) == words
    # The sound is 19 MB. A block of 2 s makes 100 frames of 257 complex numbers and some copies: below 3 MB.
    assert at_once_peak < 4e6
    # Nothing but the events, some 300 bytes each, and a rest of samples that is a frame longer or shorter.
    assert after - before < 400 * len(events) + 10_000


def test_reset_gives_the_same_again(tiny_bundle: Bundle):
    stream = engine_of(tiny_bundle).stream()
    first = hear(stream, [SOUND])
    stream.reset()
    assert (stream.samples, stream.level, stream.posterior.sum()) == (0, LOWEST_LEVEL, 0.0)
    assert hear(stream, [SOUND]) == first
    stream.reset()
    stream.accept(SOUND[: RATE * 3 // 2])  # left in the middle of a word
    stream.reset()
    assert hear(stream, [SOUND]) == first


def test_streams_on_one_engine_do_not_meet(tiny_bundle: Bundle):
    other = tones(9, [(2.0, "no"), (4.5, "no"), (6.0, "yes")], seed=8)
    engine = engine_of(tiny_bundle)
    expected = [hear(engine.stream(), [sound]) for sound in (SOUND, other)]
    one, two = engine.stream(), engine.stream()
    found = [[], []]
    for a, b in zip(random_chunks(SOUND, 3000, 1), random_chunks(other, 3000, 1), strict=True):
        found[0] += one.accept(a)
        found[1] += two.accept(b)
    assert [found[0] + one.finish(), found[1] + two.finish()] == expected


def test_int16_and_float_mean_the_same(tiny_bundle: Bundle):
    engine = engine_of(tiny_bundle)
    expected = hear(engine.stream(), [SOUND])
    for dtype in (np.float32, np.float64):
        stream = engine.stream()
        stream.accept(np.zeros(0, dtype))
        assert hear(stream, [(SOUND / 32768).astype(dtype)]) == expected


def test_stream_is_the_front_end_and_the_model(tiny_bundle: Bundle):
    """Unsmoothed and with a step of one frame, each posterior is the offline one of the last window."""
    engine = engine_of(tiny_bundle)
    spec = engine.manifest.frontend
    stream = engine.stream(DetectSpec(step_ms=1, smoothing_ms=0))
    fed = 0
    for frames in (49, 50, 57, 70, 71, 200, 300):
        end = spec.samples_for(frames)
        stream.accept(SOUND[fed:end])
        fed = end
        features = compute(SOUND[:end], spec)[-49:]
        assert np.array_equal(stream.posterior.astype(np.float32), engine.posteriors(features))


def test_stream_starts_as_if_after_silence(tiny_bundle: Bundle):
    engine = engine_of(tiny_bundle)
    fresh, warm = engine.stream(), engine.stream()
    sound = tones(0.8, [(0.0, "yes")])
    warm.accept(np.zeros(RATE * 2, np.int16))  # two seconds: a whole number of steps, and more than the window
    shift = 2.0
    early, late = hear(fresh, [sound]), hear(warm, [sound])
    assert len(early) == 1
    assert [event.end + shift for event in early] == pytest.approx([event.end for event in late])
    assert [event.score for event in early] == [event.score for event in late]


def test_word_at_the_end_is_heard_by_finish(tiny_bundle: Bundle):
    stream = engine_of(tiny_bundle).stream()
    sound = tones(2.0, [(1.45, "yes")], length=0.55)
    assert stream.accept(sound) == []
    (event,) = stream.finish()
    assert (event.label, event.end) == ("yes", 2.0)  # no later than the samples that there were
    assert event.start <= 1.45
    assert stream.finish() == []


def test_finished_stream_takes_no_more(tiny_bundle: Bundle):
    stream = engine_of(tiny_bundle).stream()
    stream.finish()
    with pytest.raises(AudioError, match="reset"):
        stream.accept(SOUND)
    stream.reset()
    assert hear(stream, [SOUND])


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((2, 100), np.int16),
        np.zeros(100, np.int32),
        [0, 1, 2],
        np.full(100, np.nan, np.float32),
        np.concatenate((np.zeros(RATE * 5, np.float32), [np.float32(np.inf)])),  # found behind the first block
    ],
)
def test_bad_samples_are_refused_whole(tiny_bundle: Bundle, bad):
    engine = engine_of(tiny_bundle)
    stream = engine.stream()
    first = stream.accept(SOUND[:20_000])
    with pytest.raises(AudioError):
        stream.accept(bad)
    assert stream.samples == 20_000
    assert first + hear(stream, [SOUND[20_000:]]) == hear(engine.stream(), [SOUND])


def test_level_is_of_the_last_chunk(tiny_bundle: Bundle):
    stream = engine_of(tiny_bundle).stream()
    assert stream.level == LOWEST_LEVEL
    stream.accept(np.full(100, -32768, np.int16))
    assert stream.level == pytest.approx(0.0, abs=1e-9)
    stream.accept(np.full(RATE * 5, 0.1, np.float64))  # several blocks
    assert stream.level == pytest.approx(-20.0, abs=1e-9)
    stream.accept(np.zeros(0, np.int16))
    assert stream.level == pytest.approx(-20.0, abs=1e-9)
    stream.accept(np.zeros(10, np.int16))
    assert stream.level == LOWEST_LEVEL
    assert stream.samples == 100 + RATE * 5 + 10


def test_step_of_a_second_runs_each_second(tiny_bundle: Bundle):
    stream = engine_of(tiny_bundle).stream(DetectSpec(step_ms=1000, smoothing_ms=0, threshold=0.5, refractory_ms=0))
    sound = tones(4.0, [(1.5, "yes")], length=1.2)
    events = hear(stream, [sound])
    assert [event.label for event in events] == ["yes"]
    assert isinstance(events[0], Detection)


def test_step_longer_than_any_buffer(tiny_bundle: Bundle):
    """250 frames of 49: only the last ones count."""
    engine = engine_of(tiny_bundle)
    stream = engine.stream(DetectSpec(step_ms=5000, smoothing_ms=0))
    stream.accept(tones(11.0, [(2.0, "no"), (9.0, "yes")], length=1.1))
    assert engine.labels[int(stream.posterior.argmax())] == "yes"
    window = compute(tones(11.0, [(2.0, "no"), (9.0, "yes")], length=1.1), engine.manifest.frontend)[500 - 49 : 500]
    assert np.array_equal(stream.posterior.astype(np.float32), engine.posteriors(window))


def test_time_is_counted_in_samples(tiny_bundle: Bundle):
    """The first frame with a sample of the stream starts a hop (320) before it, and so ends at 480 - 320."""
    stream = engine_of(tiny_bundle).stream(DetectSpec(step_ms=1, threshold=0.0))
    assert stream.accept(SOUND[:159]) == []
    (event,) = stream.accept(SOUND[159:160])
    assert (event.start, event.end) == (0.0, 160 / RATE)


def test_detect_settings_of_a_stranger_are_refused(tiny_bundle: Bundle):
    with pytest.raises(ConfigError, match="maybe"):
        engine_of(tiny_bundle).stream(DetectSpec(thresholds={"maybe": 0.5}))
