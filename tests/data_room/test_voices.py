from __future__ import annotations

import builtins
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.voices import espeak_library, find_voice, list_voices, speak
from edge_asr.errors import SynthesisError

espeakng_loader = pytest.importorskip("espeakng_loader", reason="needs the 'synth' extra (espeakng-loader)")

NAMES = ["en-us", "en-us+f3", "en-gb-scotland+m7", "en-us+klatt4", "en-us+whisper"]


def fundamental(samples: np.ndarray, rate: int) -> float:
    """Median pitch (Hz) of the loudest half of 40 ms frames, by autocorrelation between 60 and 400 Hz."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, int(0.04 * rate))[:: rate // 100]
    frames = frames[np.argsort(np.square(frames).sum(1))[len(frames) // 2 :]]
    low, high = rate // 400, rate // 60
    return float(np.median([rate / (low + np.argmax(np.correlate(f, f, "full")[len(f) - 1 :][low:high])) for f in frames]))


@pytest.mark.parametrize("name", NAMES)
def test_says_a_word_of_sensible_length_and_level(name: str) -> None:
    samples, rate, _ = speak("seven", find_voice(name))
    assert rate == 22050
    assert samples.dtype == np.float32
    assert 0.2 < len(samples) / rate < 1.5
    assert np.isfinite(samples).all()
    assert 0.01 < np.sqrt(np.mean(samples**2)) < 0.5
    assert np.abs(samples).max() <= 1.0


@pytest.mark.parametrize("name", NAMES)
def test_same_input_same_samples_whatever_was_said_before(name: str) -> None:
    first = speak("seven lights", find_voice(name)).samples
    speak("something else", find_voice("en-us+f1"), rate=1.5, pitch=5)
    np.testing.assert_array_equal(speak("seven lights", find_voice(name)).samples, first)


def test_same_samples_at_another_time_of_day() -> None:
    whisper = find_voice("en-us+whisper")
    first = speak("seven lights", whisper).samples
    time.sleep(1.1)  # eSpeak would seed its noise with the clock's whole seconds
    np.testing.assert_array_equal(speak("seven lights", whisper).samples, first)


def test_voices_and_texts_differ() -> None:
    said = [speak("seven", find_voice(name)).samples for name in NAMES] + [speak("eleven", find_voice("en-us")).samples]
    assert len({s.tobytes() for s in said}) == len(NAMES) + 1


def test_rate_pitch_and_pitch_range_do_what_they_say() -> None:
    voice = find_voice("en-us")
    text = "seven lights are on"
    normal, rate, _ = speak(text, voice)
    # eSpeak sets its tempo by a table, sound by sound: twice the tempo is half the length give or take a fifth.
    assert len(speak(text, voice, rate=2.0).samples) / len(normal) == pytest.approx(0.5, rel=0.2)
    # Five semitones are a factor of 1.335; the melody moves the median by some per cent.
    assert fundamental(speak(text, voice, pitch=5).samples, rate) / fundamental(normal, rate) == pytest.approx(1.335, rel=0.08)
    assert not np.array_equal(speak(text, voice, pitch_range=0.0).samples, normal)


def test_lists_accents_with_variants_and_filters_by_language() -> None:
    english = list_voices("en")
    assert {"en-us", "en-us+f3", "en-gb-scotland+m7"} <= {v.name for v in english}
    assert len(english) == len({v.name for v in english}) > 500
    assert all(v.language.split("-")[0] == "en" and v.licence for v in english)
    assert list_voices("EN-gb-scotland") == list_voices("en-gb-scotland") != ()
    assert list_voices("e") == ()
    assert len(list_voices()) > len(english)


@pytest.mark.parametrize("name", NAMES)
def test_tells_when_each_word_is_said(name: str) -> None:
    text = "Yes, please stop; na\u00efve geese left."
    samples, rate, words = speak(text, find_voice(name))
    assert [word.text for word in words] == ["Yes", "please", "stop", "na\u00efve", "geese", "left"]
    assert all(0 <= word.start < word.end <= len(samples) / rate for word in words)
    assert all(one.end <= other.start for one, other in itertools.pairwise(words))
    level = np.array([np.sqrt(np.mean(samples[int(w.start * rate) : int(w.end * rate)] ** 2)) for w in words])
    pause = samples[int(words[2].end * rate) : int(words[3].start * rate)]
    # The clause ends with a pause behind "stop", at least 50 ms long and 20 dB below any word.
    assert len(pause) > 0.05 * rate
    assert np.sqrt(np.mean(pause**2)) < 0.1 * level.min()


def test_every_listed_accent_and_variant_speaks() -> None:
    accents = [v for v in list_voices() if "+" not in v.name]
    variants = [v for v in list_voices("en-gb") if v.language == "en-gb"]
    assert len(accents) > 100
    assert len(variants) > 80
    for voice in accents:
        assert len(speak("2", voice).samples), voice.name  # a few have no word for it
    for voice in variants:
        assert len(speak("2", voice).samples) > 2000, voice.name


def test_speaks_from_many_threads() -> None:
    voices = [find_voice(name) for name in NAMES] * 4
    expected = [speak("seven", voice).samples.tobytes() for voice in voices]
    with ThreadPoolExecutor(8) as pool:
        assert [s.samples.tobytes() for s in pool.map(lambda v: speak("seven", v), voices)] == expected


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("", {}),
        ("  ", {}),
        ("a\0b", {}),
        ("seven", {"rate": 0.1}),
        ("seven", {"rate": float("nan")}),
        ("seven", {"pitch": 13}),
        ("seven", {"pitch_range": -1}),
    ],
)
def test_refuses_what_it_cannot_say(text: str, changes: dict[str, float]) -> None:
    with pytest.raises(SynthesisError, match=r"expected|must be"):
        speak(text, find_voice("en-us"), **changes)


def test_refuses_unknown_voices_and_engines() -> None:
    with pytest.raises(SynthesisError, match="no voice 'en-us\\+nobody'"):
        find_voice("en-us+nobody")
    with pytest.raises(SynthesisError, match="no voice"):
        speak("seven", replace(find_voice("en-us"), name="en-us+nobody"))
    with pytest.raises(SynthesisError, match="unknown speech synthesiser 'bells'"):
        list_voices(engine="bells")


def test_odd_text_is_spoken_not_fatal() -> None:
    assert len(speak("sieben \udcff <break/> [[h@l'oU]] %s \u4e03", find_voice("en-us")).samples)


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_espeak(name: str, *args: object, **kwargs: object) -> object:
        if name == "espeakng_loader":
            raise ImportError("No module named 'espeakng_loader'")
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    voice = find_voice("en-us")
    monkeypatch.setattr(builtins, "__import__", without_espeak)
    with pytest.raises(SynthesisError, match=r"edge-asr\[synth\]"):
        speak("seven", voice)


def test_data_folder_with_a_long_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = speak("seven", find_voice("en-us+f3")).samples
    deep = tmp_path / ("x" * 200)
    deep.mkdir()
    (deep / "espeak-ng-data").symlink_to(espeakng_loader.get_data_path())
    assert len(str(deep)) > espeak_library.LONGEST_DATA_PATH
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(deep / "espeak-ng-data"))
    np.testing.assert_array_equal(speak("seven", find_voice("en-us+f3")).samples, expected)


def test_damaged_data_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = find_voice("en-us")
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(SynthesisError, match="can't use its data"):
        speak("seven", voice)
