"""Where in a recording somebody speaks, on sounds whose ends are known."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.errors import AudioError
from edge_asr.runtime.speech_span import speech_span, speech_spans
from tests.runtime.spoken import RATE, phrase, room, spoken_in

NEAR = 0.07
"""Seconds: levels are averaged over 60 ms, and 30 ms are added on either side."""


def assert_found(samples, start, end, rate=RATE, near=NEAR):
    span = speech_span(samples, rate)
    assert span.start == pytest.approx(start, abs=near)
    assert span.end == pytest.approx(end, abs=near)


@pytest.mark.parametrize("seconds", [0.4, 0.8, 1.5, 3.0])
@pytest.mark.parametrize("snr", [10, 20, 60])
def test_a_phrase_in_noise_is_found(seconds, snr):
    noise = room(seconds + 2.0, 0.2 * 10 ** (-snr / 20), seed=int(seconds * 10))
    # At 10 dB the softest ends of the syllables are under the noise.
    assert_found(spoken_in(noise, (1.2, phrase(seconds))), 1.2, 1.2 + seconds, near=NEAR if snr > 10 else 0.12)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 48000])
def test_any_rate_will_do(rate):
    samples = spoken_in(room(2.5, rate=rate), (0.9, phrase(rate=rate)), rate=rate)
    assert_found(samples, 0.9, 1.7, rate)
    assert_found((samples * 32767).astype(np.int16), 0.9, 1.7, rate)


def test_digital_silence_around_it_will_do():
    assert_found(spoken_in(np.zeros(3 * RATE, np.float32), (1.0, phrase())), 1.0, 1.8)


def test_noise_that_differs_before_and_behind_is_not_the_phrase():
    """As a microphone's noise suppression leaves it: -40 dB before the word, -70 behind it."""
    noise = np.concatenate([room(1.2, 0.006), room(2.0, 0.0002)])
    assert_found(spoken_in(noise, (1.2, phrase())), 1.2, 2.0)


def test_hum_and_offset_are_not_speech():
    t = np.arange(3 * RATE) / RATE
    samples = spoken_in(room(3.0), (1.5, phrase())) + (0.1 * np.sin(2 * np.pi * 50 * t) + 0.05).astype(np.float32)
    assert_found(samples, 1.5, 2.3)


def test_a_whistle_as_loud_as_the_phrase_hides_it_only_in_its_own_band():
    t = np.arange(3 * RATE) / RATE
    samples = spoken_in(room(3.0), (1.5, phrase())) + (0.28 * np.sin(2 * np.pi * 3000 * t)).astype(np.float32)
    assert_found(samples, 1.5, 2.3)


def test_clicks_do_not_belong_to_it():
    click = np.full(16, 0.9, np.float32)
    assert_found(spoken_in(room(3.0), (0.5, click), (1.25, click), (1.5, phrase()), (2.52, click)), 1.5, 2.3)


def test_a_breath_does_not_belong_to_it():
    breath = room(0.4, 0.01, seed=3)
    assert_found(spoken_in(room(3.5, 0.0002), (0.85, breath), (1.5, phrase()), (2.55, breath)), 1.5, 2.3)


def test_the_rooms_echo_does_not_belong_to_it():
    """A second of reverberation: 60 dB in a second, of which the first 30 count at most."""
    echo = room(1.0, 0.05, seed=4) * 10 ** (-3 * np.arange(RATE) / RATE)
    span = speech_span(spoken_in(room(4.0, 0.00003), (1.5, phrase()), (2.3, echo.astype(np.float32))), RATE)
    assert span.end - 2.3 < 0.4


def test_two_words_with_a_pause_between_are_one_phrase():
    assert_found(spoken_in(room(4.0), (1.0, phrase(0.5)), (1.75, phrase(0.6))), 1.0, 2.35)


def test_the_longer_of_two_sounds_is_meant():
    samples = spoken_in(room(5.0), (1.0, phrase(0.3)), (3.0, phrase(0.9)))
    assert_found(samples, 3.0, 3.9)
    assert len(speech_spans(samples, RATE)) == 2


def test_all_that_is_said_is_found_in_order_while_the_noise_changes():
    at = (3.0, 8.0, 13.0, 22.0, 27.5, 33.0)
    noise = np.concatenate([room(18.0, 0.0005), room(20.0, 0.01, seed=1)])
    spans = speech_spans(spoken_in(noise, *[(second, phrase()) for second in at]), RATE)
    assert [span.start for span in spans] == pytest.approx(at, abs=NEAR)
    assert [span.seconds for span in spans] == pytest.approx([0.8] * 6, abs=2 * NEAR)


@pytest.mark.parametrize(
    ("samples", "levels"),
    [
        (room(3.0, 0.01), r"found 3.0 s of at most -\d+ dBFS in a noise of -4\d"),
        (np.zeros(RATE, np.float32), "found 1.0 s of at most -120 dBFS"),
        (spoken_in(room(3.0, 0.1), (1.0, phrase(level=0.02))), "12 dB above the noise"),
        (spoken_in(room(3.0, 0.02), (1.0, room(0.5, 0.04))), "12 dB above the noise"),
        (np.zeros(0, np.float32), "found 0.0 s"),
        (spoken_in(room(3.0), (1.0, np.full(16, 0.9, np.float32))), "speak louder"),
    ],
    ids=["noise", "silence", "hidden", "hardly louder", "empty", "a click"],
)
def test_without_speech_it_says_what_it_found(samples, levels):
    with pytest.raises(AudioError, match=levels):
        speech_span(samples, RATE)


@pytest.mark.parametrize("bad", [np.zeros((100, 2), np.float32), np.full(20000, np.nan, np.float32)])
def test_no_audio_is_refused(bad):
    with pytest.raises(AudioError, match="expected"):
        speech_span(bad, RATE)
