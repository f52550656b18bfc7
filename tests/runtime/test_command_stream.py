"""Wake word, then command: nothing of the command is lost, nothing is done before, and how the sound is cut does not matter."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.errors import AudioError, ConfigError
from edge_asr.runtime.command_stream import CommandStream
from edge_asr.runtime.events import Detection, Final, NoCommand, Partial
from edge_asr.runtime.speech_engine import load_speech_engine
from edge_asr.runtime.speech_stream import SpeechStream
from tests.runtime.tones import RATE, engine_of, random_chunks, tones

# "yes" is the wake word; what the wake word's bundle hears later in a command is ignored, and must be.
SOUND = tones(14.0, [(1.0, "yes"), (2.6, "no"), (3.5, "yes"), (7.0, "yes")])


@pytest.fixture
def made(tiny_bundle, tiny_speech):
    wake, speech = engine_of(tiny_bundle), load_speech_engine(tiny_speech)

    def make(patience=2.0):
        return CommandStream(wake.stream(), SpeechStream(speech, speech.decoder(), speech.spec.endpoint), patience=patience)

    return make


def hear(stream, chunks):
    return [event for chunk in chunks for event in stream.accept(chunk)] + stream.finish()


def test_a_command_behind_a_wake_word_and_one_that_does_not_come(made):
    events = hear(made(), [SOUND])
    kinds = [(type(event), getattr(event, "text", getattr(event, "label", ""))) for event in events]
    assert kinds == [
        (Detection, "yes"),
        (Partial, "no"),
        (Partial, "no yes"),
        (Final, "no yes"),
        (Detection, "yes"),
        (NoCommand, ""),
    ]
    final = events[3]
    assert [word.start for word in final.words] == pytest.approx([2.6, 3.5], abs=0.05)  # seconds of the whole stream
    # From the wake word's end, which is sought up to 0.2 s around the detection, in steps of 0.08 s.
    assert events[5].time == pytest.approx(events[4].end + 2.0, abs=0.3)


@pytest.mark.parametrize("length", [100, 1280, 7000, 100_000])
def test_chunk_length_changes_nothing(made, length):
    expected = hear(made(), [SOUND])
    assert len(expected) == 6
    assert hear(made(), [SOUND[at : at + length] for at in range(0, len(SOUND), length)]) == expected


def test_random_chunks_and_floats_change_nothing(made):
    expected = hear(made(), [SOUND])
    for seed in range(3):
        assert hear(made(), random_chunks((SOUND / 32768).astype(np.float32), 3000, seed)) == expected


def test_a_command_without_a_pause_is_heard_from_its_beginning(made):
    """The decision falls within the command: it gets what came before."""
    sound = tones(6.0, [(1.5, "yes"), (2.32, "no")])
    woken, *_, final = hear(made(), [sound])
    assert 2.32 - 0.2 < woken.end < 2.32 + 0.2
    assert (final.text.split()[-1], final.words[-1].start) == ("no", pytest.approx(2.32, abs=0.1))


def test_the_command_begins_where_it_is_quietest_around_the_decision(tiny_bundle):
    """Between the two words, not within one of them: here 0.2 s before it to 0.2 s behind it."""
    woken = engine_of(tiny_bundle).stream().accept(SOUND[: 2 * RATE])[0].end
    for shift in (-0.15, 0.0, 0.15):
        sound, gap = SOUND[: 3 * RATE].copy(), round((woken + shift) * RATE)
        sound[gap - 500 : gap + 500] = 0
        speech = Scripted()
        stream = CommandStream(engine_of(tiny_bundle).stream(), speech)
        assert stream.accept(sound)[0].end == pytest.approx(woken, abs=0.11)  # the gap may put it off by a step
        assert abs(speech.calls[0][1] - gap) <= 500


def test_the_command_is_what_the_recogniser_hears_there_alone(made, tiny_speech):
    final = next(event for event in hear(made(), [SOUND]) if isinstance(event, Final))
    engine = load_speech_engine(tiny_speech)
    decoder = engine.decoder()
    decoder.advance(engine.log_probs(SOUND[round(final.start * RATE) : round(final.end * RATE)]))
    assert decoder.finish().text == final.text
    assert decoder.finish().confidence == final.confidence


class Scripted:
    """A recogniser that says what it is told, a step each, and remembers what was done with it."""

    sample_rate, step_samples, learns_from = RATE, 1280, 16000

    def __init__(self, *steps):
        self.steps, self.calls, self.speaking, self._held = list(steps), [], False, 0

    def reset(self, at=0):
        self.calls.append(("reset", at))

    def prime(self, samples):
        self.calls.append(("prime", len(samples)))

    def accept(self, samples):
        self.calls.append(("accept", len(samples)))
        self._held += len(samples)
        if self._held < self.step_samples:
            return []
        self._held = 0
        return self.steps.pop(0) if self.steps else []

    def finish(self):
        self.calls.append(("finish", 0))
        return []


def final(text="on", rejected=""):
    return Final(text, 0.0, 0.0, 0.5, rejected=rejected)


def test_it_costs_nothing_while_it_waits(tiny_bundle):
    speech = Scripted()
    stream = CommandStream(engine_of(tiny_bundle).stream(), speech)
    assert hear(stream, np.array_split(tones(5.0, []), 50)) == []
    assert speech.calls == []


def test_the_recogniser_gets_the_noise_before_and_every_sample_behind(tiny_bundle):
    speech = Scripted([], [], [final()])
    stream = CommandStream(engine_of(tiny_bundle).stream(), speech)
    events = hear(stream, np.array_split(SOUND[: round(2.5 * RATE)], 23))
    assert [type(event) for event in events] == [Detection, Final]
    (_, start), primed, *fed = speech.calls
    assert primed == ("prime", 16000)
    assert abs(start - events[0].end * RATE) <= 0.2 * RATE
    assert sum(count for kind, count in fed) == 3 * 1280
    assert {kind for kind, _ in fed} == {"accept"}


def test_it_goes_on_behind_what_it_did_not_understand(tiny_bundle):
    speech = Scripted([final("")], [final("what", "not in the grammar")], [final("lights on"), final("ignored")])
    events = hear(CommandStream(engine_of(tiny_bundle).stream(), speech), [SOUND[: round(2.5 * RATE)]])
    assert [getattr(event, "text", "") for event in events] == ["", "", "what", "lights on", "ignored"]
    assert len(speech.steps) == 0
    assert sum(count for kind, count in speech.calls if kind == "accept") == 3 * 1280


def test_a_wake_word_right_behind_a_command_is_heard_however_they_come(tiny_bundle):
    """The command ends a tenth of a second before the second detection, in the same block of half a second."""
    for size in (1000, len(SOUND)):
        speech = Scripted(*[[]] * 71, [final()])
        speech.speaking = True
        stream = CommandStream(engine_of(tiny_bundle).stream(), speech)
        events = [event for at in range(0, 8 * RATE, size) for event in stream.accept(SOUND[at : min(at + size, 8 * RATE)])]
        assert [type(event) for event in events] == [Detection, Final, Detection]
        begun = next(sample for kind, sample in speech.calls if kind == "reset")
        ended = begun / RATE + 72 * 0.08
        assert 7.5 < ended < events[2].end < 8.0


def test_patience_ends_between_utterances_only(tiny_bundle):
    speech = Scripted()
    speech.speaking = True
    stream = CommandStream(engine_of(tiny_bundle).stream(), speech, patience=1.0)
    assert [type(event) for event in stream.accept(SOUND[: 5 * RATE])] == [Detection]
    speech.speaking = False
    (event,) = stream.accept(SOUND[5 * RATE : 5 * RATE + 1280])
    assert isinstance(event, NoCommand)


@pytest.mark.parametrize("seconds", [1.85, 3.0, 4.4])
def test_the_end_of_the_stream_ends_the_command(made, seconds):
    """Right behind the wake word, within a word, within the hang-over."""
    stream = made()
    events = stream.accept(SOUND[: round(seconds * RATE)])
    rest = stream.finish()
    events += rest
    assert events[0].label == "yes"
    assert isinstance(events[-1], NoCommand if seconds < 2 else Final)
    assert stream.finish() == []
    with pytest.raises(AudioError, match="reset"):
        stream.accept(SOUND)


def test_bad_samples_are_refused_whole(made):
    stream = made()
    first = stream.accept(SOUND[:40_000])
    with pytest.raises(AudioError):
        stream.accept(np.concatenate((np.zeros(RATE, np.float32), [np.float32(np.nan)])))
    assert stream.samples == 40_000
    assert first + hear(stream, [SOUND[40_000:]]) == hear(made(), [SOUND])


def test_two_sample_rates_are_refused(tiny_bundle):
    speech = Scripted()
    speech.sample_rate = 8000
    with pytest.raises(ConfigError, match="16000 Hz, found one for 8000 Hz"):
        CommandStream(engine_of(tiny_bundle).stream(), speech)
