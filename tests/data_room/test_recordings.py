"""A user's own recordings, as they come."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.audio_file import read_audio
from edge_asr.data.level import active_rms
from edge_asr.data.recordings import read_recordings
from edge_asr.data.takes import takes_in
from edge_asr.errors import AudioError, ConfigError, DataError
from edge_asr.runtime.speech_span import speech_span
from tests.data_room.sounds import write
from tests.runtime.spoken import RATE, phrase, room, spoken_in

NEAR = 0.07
"""Seconds: as in tests/runtime/test_speech_span.py."""


def take(at: float = 0.6, seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    return spoken_in(room(seconds, rate=rate), (at, phrase(rate=rate)), rate=rate)


def split_of(recordings) -> dict[str, str]:
    return {clip.path.stem: clip.split for clip in recordings.clips}


def test_a_handful_in_a_folder_is_all_for_training(tmp_path):
    paths = [write(tmp_path / f"{number}.wav", take(0.4 + number / 10)) for number in range(5)]
    found = read_recordings(tmp_path, phrases=["Smart  mirror"])
    assert [clip.path for clip in found.clips] == paths
    assert {(clip.label, clip.split, clip.speaker) for clip in found.clips} == {("smart_mirror", "train", None)}
    assert [clip.start for clip in found.clips] == pytest.approx([0.4 + number / 10 for number in range(5)], abs=NEAR)
    assert [clip.end - clip.start for clip in found.clips] == pytest.approx([0.8] * 5, abs=2 * NEAR)
    assert found.summary() == "5 recordings: 5 of smart_mirror; speakers unknown (5 train)"


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_any_form_rate_and_number_of_channels(tmp_path, suffix):
    stereo = np.stack([take(rate=44100)] * 2, axis=1)
    write(tmp_path / f"a.{suffix}", stereo, 44100)
    found = read_recordings(tmp_path, phrases=["x"])
    assert found.clips[0].start == pytest.approx(0.6, abs=NEAR)


def test_several_phrases_have_a_subfolder_each(tmp_path):
    for name in ("alexa/1.wav", "Smart Mirror/ann/1.wav", "Smart Mirror/ann/2.wav", "other/1.wav", "stray.wav"):
        write(tmp_path / name, take())
    found = read_recordings(tmp_path, phrases=["alexa", "smart mirror", "computer", "alexa"])
    assert sorted((clip.label, clip.path.parent.name, clip.speaker) for clip in found.clips) == [
        ("alexa", "alexa", None),
        ("smart_mirror", "ann", "ann"),
        ("smart_mirror", "ann", "ann"),
    ]
    assert len(read_recordings(tmp_path, phrases=["alexa"]).clips) == 1


def test_names_tell_speakers(tmp_path):
    names = ("ann_1", "ann_2", "bob-b_nohash_0", "carl/1", "smart_mirror_4", "smart_mirror_dora_4", "5")
    for name in names:
        write(tmp_path / f"{name}.wav", take())
    found = read_recordings(tmp_path, phrases=["smart mirror"])
    speakers = {clip.path.relative_to(tmp_path).with_suffix("").as_posix(): clip.speaker for clip in found.clips}
    assert speakers == dict(zip(names, ("ann", "ann", "bob-b", "carl", None, "dora", None)))


def test_a_fifth_is_kept_for_validation_by_the_files_names(tmp_path):
    for number in range(20):
        write(tmp_path / f"{number}.wav", take())
    splits = split_of(read_recordings(tmp_path, phrases=["x"]))
    assert sorted(splits.values()) == ["train"] * 16 + ["validation"] * 4
    (tmp_path / "moved").mkdir()
    for path in tmp_path.glob("*.wav"):
        path.rename(tmp_path / "moved" / path.name)
    assert split_of(read_recordings(tmp_path / "moved", phrases=["x"])) == splits


def test_a_handful_of_three_speakers_is_all_for_training(tmp_path):
    for speaker in ("ann", "bob", "carl"):
        write(tmp_path / f"{speaker}_1.wav", take())
    assert set(split_of(read_recordings(tmp_path, phrases=["x"])).values()) == {"train"}


def test_no_speaker_is_in_two_splits(tmp_path):
    for speaker in ("ann", "bob", "carl", "dora", "eve"):
        for label in ("alexa", "computer"):
            for number in range(2):
                write(tmp_path / label / f"{speaker}_{number}.wav", take())
    splits = defaultdict(set)
    for clip in read_recordings(tmp_path, phrases=["alexa", "computer"]).clips:
        splits[clip.speaker].add(clip.split)
    assert sorted(splits.values(), key=str) == [{"train"}] * 4 + [{"validation"}]


def test_a_long_recording_is_cut_into_takes(tmp_path):
    at = (1.0, 3.5, 5.2, 8.0)
    write(tmp_path / "session.wav", spoken_in(room(12.0), *[(second, phrase()) for second in at], (10.5, phrase(0.2))))
    found = read_recordings(tmp_path, phrases=["x"])
    assert [clip.start for clip in found.clips] == pytest.approx(at, abs=NEAR)
    assert [clip.context.start for clip in found.clips] == pytest.approx([0.0, 2.65, 4.75, 7.0], abs=NEAR)
    assert [clip.context.end for clip in found.clips] == pytest.approx([2.65, 4.75, 7.0, 12.0], abs=NEAR)
    (other,) = found.left_out
    assert re.fullmatch(r"10\.[45] to 10\.8 s is not as long as the others", other.why)


def test_what_cant_be_used_is_left_out_and_told(tmp_path):
    write(tmp_path / "good.wav", take())
    write(tmp_path / "noise.wav", room(2.0))
    write(tmp_path / "long.wav", spoken_in(room(7.0), (0.5, phrase(5.5))))
    (tmp_path / "broken.flac").write_bytes(b"fLaC nothing")
    (tmp_path / "movie.mkv").touch()
    found = read_recordings(tmp_path, phrases=["x"])
    assert [clip.path.name for clip in found.clips] == ["good.wav"]
    why = {item.path.name: item.why for item in found.left_out}
    assert set(why) == {"noise.wav", "long.wav", "broken.flac", "movie.mkv"}
    assert "dBFS" in why["noise.wav"]
    assert "expected a phrase of 0.2 to 4 s, found speech of 5." in why["long.wav"]
    assert not any(str(tmp_path) in text for text in why.values())
    assert "4 files left out" in found.summary()


def test_without_any_recording_it_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match="edge-asr record"):
        read_recordings(tmp_path, phrases=["x"])
    with pytest.raises(DataError, match="expected a folder"):
        read_recordings(tmp_path / "none", phrases=["x"])
    with pytest.raises(ConfigError):
        read_recordings(tmp_path, phrases=["../x"])


def test_a_phrase_in_a_short_recording_is_one_take():
    samples = spoken_in(room(5.0), (0.5, phrase(0.5)), (3.0, phrase(0.9)))
    takes, others = takes_in(samples, RATE)
    assert ([span.start for span in takes], others) == (pytest.approx([3.0], abs=NEAR), ())


@pytest.fixture(scope="module")
def wake() -> Path:
    folder = os.environ.get("EDGE_ASR_DATA")
    if not folder:
        pytest.skip("set EDGE_ASR_DATA to a folder with wake/")
    return Path(folder) / "wake"


@pytest.mark.needs_data
def test_real_wake_words_are_as_long_as_wake_words_are(wake):
    found = read_recordings(wake, phrases=["alexa", "smart mirror"])
    assert found.left_out == ()
    for label, median in (("alexa", 0.70), ("smart_mirror", 0.89)):
        seconds = [clip.end - clip.start for clip in found.clips if clip.label == label]
        assert len(seconds) == 200
        assert np.median(seconds) == pytest.approx(median, abs=0.05)
        low, *_, most, high = np.percentile(seconds, [0, 5, 98, 100])
        # Slow speakers say "alexa" in 1.0 s, "smart mirror" in 1.3; a few of the clips begin in loud noise.
        assert (low > 0.45, most < 1.4, high < 1.6) == (True, True, True)


@pytest.mark.needs_data
def test_the_end_is_found_at_10_db(wake):
    """Where the word ends, to 0.15 s: what hides under the noise is not counted."""
    rng = np.random.default_rng(5)
    for label, share in (("alexa", 0.85), ("smart_mirror", 0.95)):
        near = 0
        paths = sorted((wake / label).glob("*.flac"))[::2]
        for path in paths:
            samples = read_audio(path, RATE)
            noise = rng.standard_normal(len(samples)).astype(np.float32) * active_rms(samples, RATE) * 10 ** (-10 / 20)
            noisy = speech_span(samples + np.float32(noise), RATE)
            near += abs(noisy.end - speech_span(samples, RATE).end) < 0.15
        assert near / len(paths) >= share


@pytest.mark.needs_data
def test_a_bare_word_stays_whole(wake):
    """A clip that was cut tightly before has no noise to be told from; nine in ten lose less than 0.2 s."""
    lost = []
    for clip in read_recordings(wake, phrases=["smart mirror"]).clips[::4]:
        samples = read_audio(clip.path, RATE)[round(clip.start * RATE) : round(clip.end * RATE)]
        lost.append(len(samples) / RATE - speech_span(samples, RATE).seconds)
    assert np.percentile(lost, 90) < 0.2


def test_no_phrase_length_is_an_error_of_takes():
    with pytest.raises(AudioError, match="expected a phrase of"):
        takes_in(spoken_in(room(7.0), (0.5, phrase(5.5))), RATE)
