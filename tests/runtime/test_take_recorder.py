"""Guided recording, on rooms in which the speaker does everything wrong."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.errors import AudioError
from edge_asr.runtime.take_check import ADVICE, Take, check_take
from edge_asr.runtime.take_recorder import PATIENCE, ROOM_SECONDS, Rejected, Room, TakeRecorder
from tests.runtime.spoken import RATE, phrase, room, spoken_in


def steps(samples, rate=RATE, chunk=1280):
    recorder = TakeRecorder(rate)
    return [step for begin in range(0, len(samples), chunk) for step in recorder.accept(samples[begin : begin + chunk])]


def names(found):
    return [step.fault if isinstance(step, Rejected) else type(step).__name__ for step in found]


def said(*sounds, seconds=10.0, level=0.001):
    return spoken_in(room(seconds, level), *sounds)


def test_it_listens_to_the_room_and_asks_for_one_take_after_the_other():
    found = steps(said((2.5, phrase()), (5.0, phrase(0.6, level=0.05)), seconds=7.0))
    assert names(found) == ["Room", "Prompt", "Take", "Prompt", "Take", "Prompt"]
    first, second = found[2], found[4]
    assert (first.fault, second.fault) == (None, None)
    assert [first.seconds, second.seconds] == pytest.approx([0.8, 0.6], abs=0.13)
    assert first.level - second.level == pytest.approx(12.0, abs=1.0)  # 0.2 to 0.05
    assert first.noise == second.noise == found[0].noise
    # Half a second of the room on either side, and the hang-over.
    assert len(first.samples) / RATE == pytest.approx(first.seconds + 1.0, abs=0.01)


def test_levels_are_decibels_of_full_scale_without_an_offset():
    found = steps(room(2.0, 0.001) + np.float32(0.02))  # an offset of -34 dBFS, as cheap microphones have
    assert isinstance(found[0], Room)
    # Noise of -60 dBFS, without what lies outside the bands, and its 15th percentile.
    assert -67 < found[0].noise < -60


@pytest.mark.parametrize("chunk", [160, 1280, 1281, 10**6])
def test_the_same_take_is_cut_in_whatever_pieces_it_comes(chunk):
    samples = said((2.5, phrase()), seconds=5.0)
    reference, found = steps(samples)[2], steps(samples, chunk=chunk)[2]
    assert found.seconds == pytest.approx(reference.seconds, abs=0.02)


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_at_the_microphones_own_rate(rate):
    samples = spoken_in(room(5.0, rate=rate), (2.5, phrase(rate=rate)), rate=rate)
    found = steps((samples * 32767).astype(np.int16), rate)
    assert names(found) == ["Room", "Prompt", "Take", "Prompt"]


@pytest.mark.parametrize(
    ("fault", "sounds"),
    [
        ("clipped", [(2.5, np.clip(phrase(level=0.9), -1, 1))]),
        ("too_quiet", [(2.5, phrase(level=0.002))]),
        ("too_short", [(2.5, phrase(0.15, level=0.1))]),
        ("too_long", [(2.5, phrase(3.4))]),
        ("too_long", [(2.5, room(4.5, 0.1, seed=1))]),
        ("not_alone", [(2.5, phrase()), (3.8, phrase())]),
    ],
)
def test_what_is_of_no_use_is_rejected_and_asked_for_again(fault, sounds):
    found = names(steps(said(*sounds, (12.0, phrase()), seconds=14.0)))
    assert found[:3] == ["Room", "Prompt", fault]
    assert found[-3:] == ["Prompt", "Take", "Prompt"]


def test_speech_at_the_prompt_itself_is_cut_off():
    measured = 19 * 0.08  # the first whole number of blocks that is as long as the room is listened to
    assert measured - 0.08 < ROOM_SECONDS <= measured
    samples = said((measured, phrase()[RATE // 10 :]), (5.0, phrase()), seconds=7.0)
    assert names(steps(samples)) == ["Room", "Prompt", "cut_off", "Prompt", "Take", "Prompt"]


def test_a_silent_speaker_is_told_and_the_room_listened_to_again():
    found = steps(room(ROOM_SECONDS * 2 + PATIENCE + 0.5))
    assert names(found) == ["Room", "Prompt", "nothing", "Room", "Prompt"]


def test_who_talks_while_the_room_is_listened_to_is_waited_for():
    found = steps(said((0.3, phrase()), (5.0, phrase()), seconds=7.0))
    assert names(found) == ["Room", "Room", "Prompt", "Take", "Prompt"]
    assert [step.steady for step in found[:2]] == [False, True]


def test_clicks_are_not_takes():
    click = np.full(16, 0.9, np.float32)
    assert names(steps(said((2.5, click), (4.0, click), (6.0, phrase()), seconds=8.0))) == ["Room", "Prompt", "Take", "Prompt"]


def test_a_noise_that_sets_in_is_found_out():
    """A fan: first it is taken for a long word, then for the room."""
    fan = said((2.5, room(9.0, 0.03, seed=1)), (9.5, phrase()), seconds=11.5)
    assert names(steps(fan)) == ["Room", "Prompt", "too_long", "Room", "Prompt", "Take", "Prompt"]


def test_a_gap_in_the_audio_spoils_only_the_phrase_that_it_is_in():
    recorder = TakeRecorder(RATE)
    samples = said((2.5, phrase()), seconds=6.0)
    begin, middle = samples[: 2 * RATE], samples[2 * RATE : 3 * RATE]
    assert names(recorder.accept(begin)) == ["Room", "Prompt"]
    assert names(recorder.interrupt()) == []
    assert names(recorder.accept(middle)) == []
    assert names(recorder.interrupt()) == ["cut_off", "Prompt"]
    assert names(recorder.accept(said((1.0, phrase()), seconds=3.0))) == ["Take", "Prompt"]


def test_a_phrase_right_behind_a_gap_may_lack_its_beginning():
    recorder = TakeRecorder(RATE)
    list(recorder.accept(room(2.5)))
    list(recorder.interrupt())
    assert names(recorder.accept(said((0.0, phrase()[RATE // 10 :]), seconds=3.0))) == ["cut_off", "Prompt"]


def test_a_restless_room_is_not_taken_for_speech():
    """A clock: at every second it is some 12 dB louder than between."""
    ticking = said(*[(second, room(0.15, 0.004, seed=second)) for second in range(12)], (6.5, phrase()), seconds=13.0)
    assert names(steps(ticking)) == ["Room", "Prompt", "Take", "Prompt"]


def test_a_take_is_judged():
    take = check_take(said((1.0, phrase()), seconds=3.0), RATE, noise=-60.0)
    assert isinstance(take, Take)
    assert take.fault is None
    assert check_take(said((1.0, phrase()), seconds=3.0), RATE, noise=take.level - 9.0).fault == "too_quiet"
    with pytest.raises(AudioError):
        check_take(room(3.0), RATE, noise=-60.0)


def test_every_fault_has_advice():
    assert all(":" in text for text in ADVICE.values())


def test_other_arrays_are_refused():
    with pytest.raises(AudioError):
        list(TakeRecorder(RATE).accept(np.zeros((10, 2), np.int16)))
