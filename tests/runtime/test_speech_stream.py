"""What a speech stream says depends on the sound alone, and an utterance says what it says offline on its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_asr.bundle.speech import EndpointSpec
from edge_asr.errors import AudioError, ConfigError
from edge_asr.runtime.events import Final, Partial
from edge_asr.runtime.speech_engine import load_speech_engine
from edge_asr.runtime.speech_stream import SpeechStream
from tests.runtime.tones import RATE, random_chunks, tones

SOUND = tones(9.0, [(2.5, "yes"), (3.4, "no"), (6.0, "no")])
"""The noise is so loud that it must first show that it is none: an utterance without a word."""


@pytest.fixture
def engine(tiny_speech):
    return load_speech_engine(tiny_speech)


def stream_on(engine, endpoint="bundle"):
    return SpeechStream(engine, engine.decoder(), engine.spec.endpoint if endpoint == "bundle" else endpoint)


def hear(stream, chunks):
    return [event for chunk in chunks for event in stream.accept(chunk)] + stream.finish()


def finals(events):
    return [event for event in events if isinstance(event, Final)]


def test_words_are_heard_where_they_are(engine):
    said = finals(hear(stream_on(engine), [SOUND]))
    assert [final.text for final in said] == ["", "yes no", "no"]
    assert [final.accepted for final in said] == [False, True, True]
    for final in said[1:]:
        assert 0.9 < final.confidence <= 1.0
    # 300 ms of pre-roll and 600 of hang-over, to the 50 ms of a noisy level
    assert said[1].start == pytest.approx(2.5 - 0.3, abs=0.06)
    assert said[1].end == pytest.approx(4.2 + 0.6, abs=0.06)
    times = [(word.text, word.start, word.end) for final in said for word in final.words]
    for (text, start, end), (at, word) in zip(times, [(2.5, "yes"), (3.4, "no"), (6.0, "no")], strict=True):
        assert text == word
        assert start == pytest.approx(at, abs=0.05)  # an output frame is 40 ms
        assert end == pytest.approx(at + 0.8, abs=0.09)  # the field still holds some of the tone


def test_partials_come_while_it_is_said_and_only_when_they_change(engine):
    events = hear(stream_on(engine), [SOUND])
    partials = [event for event in events if isinstance(event, Partial)]
    assert [partial.text for partial in partials] == ["yes", "yes no", "no"]
    step = stream_on(engine).step_samples / RATE
    for partial, at in zip(partials, (2.5, 3.4, 6.0), strict=True):
        assert at < partial.time < at + 0.3
        assert partial.time / step == pytest.approx(round(partial.time / step))
    times = [event.end if isinstance(event, Final) else event.time for event in events]
    assert times == sorted(times)


@pytest.mark.parametrize("length", [1, 7, 160, 1000, 40_000])
def test_chunk_length_changes_nothing(engine, length):
    sound = SOUND[RATE * 2 : RATE * 5] if length < 160 else SOUND  # one sample at a time is slow
    expected = hear(stream_on(engine), [sound])
    assert len(finals(expected)) >= 1
    assert hear(stream_on(engine), [sound[at : at + length] for at in range(0, len(sound), length)]) == expected


@pytest.mark.parametrize("endpoint", ["bundle", None])
def test_random_chunks_and_other_formats_change_nothing(engine, endpoint):
    expected = hear(stream_on(engine, endpoint), [SOUND])
    stream = stream_on(engine, endpoint)
    assert hear(stream, random_chunks(SOUND, 4000, seed=3)) == expected
    for dtype in (np.float32, np.float64):
        stream.reset()
        stream.accept(np.zeros(0, dtype))
        assert hear(stream, [(SOUND / 32768).astype(dtype)]) == expected


def test_an_utterance_says_what_it_says_offline(engine):
    decoder = engine.decoder()
    for final in finals(hear(stream_on(engine), random_chunks(SOUND, 4000, seed=4))):
        decoder.reset()
        decoder.advance(engine.log_probs(SOUND[round(final.start * RATE) : round(final.end * RATE)]))
        alone = decoder.finish()
        assert (alone.text, alone.confidence) == (final.text, final.confidence)
        assert [(word.text, word.start + final.start) for word in alone.words] == [(w.text, w.start) for w in final.words]


def test_without_an_endpoint_all_is_one_utterance(engine):
    (final,) = finals(hear(stream_on(engine, None), [SOUND]))
    assert (final.text, final.start, final.end) == ("yes no no", 0.0, 9.0)
    (nothing,) = hear(stream_on(engine, None), [])
    assert (nothing.text, nothing.start, nothing.end, nothing.words) == ("", 0.0, 0.0, ())


def test_the_end_of_the_stream_ends_the_utterance_and_words_stay_within(engine):
    sound = tones(5.0, [(4.4, "yes")])[: round(4.85 * RATE)]
    final = finals(hear(stream_on(engine), [sound]))[-1]
    assert (final.text, final.end) == ("yes", 4.85)
    assert final.words[-1].end == pytest.approx(4.85)  # its last output frame ends in the silence that is heard behind it


def test_endless_speech_is_cut_and_nothing_is_lost(engine):
    endpoint = replace(engine.spec.endpoint, max_utterance_s=1.0)
    sound = np.concatenate((np.zeros(2 * RATE, np.int16), tones(3.0, [(0.0, "yes"), (1.2, "no"), (2.1, "yes")])))
    said = finals(hear(stream_on(engine, endpoint), [sound]))
    speech = [final for final in said if final.text]
    assert [word.text for final in speech for word in final.words if word.end - word.start > 0.3] == ["yes", "no", "yes"]
    assert [after.start for after in speech[1:]] == pytest.approx([before.end for before in speech[:-1]], abs=0.3)
    assert max(round((final.end - final.start) * RATE) for final in said) == RATE


class Counted:
    """An engine whose log-probability stream counts what it is given."""

    def __init__(self, engine):
        self.engine, self.samples = engine, 0

    def __getattr__(self, name):
        return getattr(self.engine, name)

    def log_prob_stream(self):
        stream = self.engine.log_prob_stream()
        accept = stream.accept

        def counted(samples):
            self.samples += len(samples)
            return accept(samples)

        stream.accept = counted
        return stream


def test_the_model_runs_in_utterances_only(engine):
    counted = Counted(engine)
    said = finals(hear(stream_on(counted), [SOUND]))
    assert counted.samples == sum(round((final.end - final.start) * RATE) for final in said)
    counted.samples = 0
    quiet = np.random.default_rng(1).normal(0, 20, 10 * RATE).astype(np.int16)
    assert hear(stream_on(counted), [quiet]) == []
    assert counted.samples == 0


def test_reset_gives_the_same_again_at_other_times(engine):
    stream = stream_on(engine)
    first = hear(stream, [SOUND])
    stream.reset()
    stream.accept(SOUND[: 3 * RATE])  # left within a word
    assert stream.speaking
    stream.reset(at=10 * RATE)
    assert (stream.samples, stream.speaking) == (0, False)
    later = hear(stream, [SOUND])
    assert [event.text for event in later] == [event.text for event in first]
    for before, after in zip(finals(first), finals(later), strict=True):
        assert (after.start, after.end) == (before.start + 10, before.end + 10)
        assert [word.start for word in after.words] == pytest.approx([word.start + 10 for word in before.words])


def test_streams_on_one_engine_do_not_meet(engine):
    other = tones(9.0, [(2.0, "no"), (4.5, "no"), (6.0, "yes")], seed=8)
    expected = [hear(stream_on(engine), [sound]) for sound in (SOUND, other)]
    one, two = stream_on(engine), stream_on(engine)
    found = [[], []]
    for a, b in zip(random_chunks(SOUND, 3000, 1), random_chunks(other, 3000, 1), strict=True):
        found[0] += one.accept(a)
        found[1] += two.accept(b)
    assert [found[0] + one.finish(), found[1] + two.finish()] == expected


def test_a_finished_stream_takes_no_more(engine):
    stream = stream_on(engine)
    stream.accept(SOUND[: 3 * RATE])
    assert len(finals(stream.finish())) == 1
    assert stream.finish() == []
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
        np.concatenate((np.zeros(RATE * 5, np.float32), [np.float32(np.inf)])),  # found behind many steps
    ],
)
def test_bad_samples_are_refused_whole(engine, bad):
    stream = stream_on(engine)
    first = stream.accept(SOUND[:40_000])
    with pytest.raises(AudioError):
        stream.accept(bad)
    assert stream.samples == 40_000
    assert first + hear(stream, [SOUND[40_000:]]) == hear(stream_on(engine), [SOUND])


def test_what_is_kept_does_not_grow(engine):
    stream = stream_on(engine)
    sizes = []
    for chunk in np.array_split(SOUND, 60):
        stream.accept(chunk)
        sizes.append(len(stream._recent))
    # A step, and how far back an utterance may begin: 300 ms of pre-roll, 100 of speech, a frame.
    assert max(sizes) <= 0.5 * RATE


def test_the_gate_is_the_endpoints(engine):
    assert stream_on(engine).learns_from == 3 * RATE
    assert stream_on(engine, None).learns_from == 0
    strict = EndpointSpec(margin_db=60.0)
    assert [final.text for final in finals(hear(stream_on(engine, strict), [SOUND]))] == []


def test_a_gate_for_another_rate_is_refused(engine, monkeypatch):
    monkeypatch.setattr(type(engine), "sample_rate", 22050)
    with pytest.raises(ConfigError, match="found 22050 Hz"):
        stream_on(engine, EndpointSpec(gate="webrtcvad"))


def test_primed_with_the_rooms_noise_it_does_not_open_for_it(engine):
    stream = stream_on(engine)
    stream.prime(SOUND[: 2 * RATE] / 32768)
    assert [final.text for final in finals(hear(stream, [SOUND]))] == ["yes no", "no"]
