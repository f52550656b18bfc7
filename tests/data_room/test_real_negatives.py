"""Negatives from real recordings."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.negative_clips import NegativeClip, Negatives
from edge_asr.data.negatives import draw_windows, load_window, read_negatives, streams

pytestmark = pytest.mark.needs_data


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("EDGE_ASR_DATA")
    if not folder:
        pytest.skip("set EDGE_ASR_DATA to a folder with speech_commands/, fsdd/, ljspeech/, noise/ and wake/")
    return Path(folder)


@pytest.fixture(scope="module")
def negatives(data: Path) -> Negatives:
    return read_negatives([data], phrases=["alexa", "printing"])


def test_every_data_set_is_known(data: Path, negatives: Negatives):
    by_folder: dict[str, list[NegativeClip]] = {}
    for clip in negatives.clips:
        by_folder.setdefault(clip.path.relative_to(data.resolve()).parts[0], []).append(clip)
    licences = {folder: {clip.licence.split(",")[0] for clip in clips} for folder, clips in by_folder.items()}
    assert licences["speech_commands"] == {"CC BY 4.0"}
    assert licences["fsdd"] == {"CC BY-SA 4.0"}
    assert licences["ljspeech"] == {"public domain"}
    assert {clip.kind for clip in by_folder["noise"]} == {"noise"}
    assert {clip.path.parent.name for clip in by_folder["wake"]} == {"smart_mirror"}


def test_the_phrase_is_found_by_folder_and_transcript(negatives: Negatives):
    why = [(item.path.parent.name, item.why) for item in negatives.left_out]
    assert why.count(("alexa", "says 'alexa'")) > 100
    assert ("wavs", "says 'printing'") in why


def test_no_speaker_of_speech_commands_is_in_two_splits(negatives: Negatives):
    splits: dict[str, set[str]] = {}
    for clip in negatives.of(kind="speech"):
        if "_nohash_" in clip.path.name:
            splits.setdefault(str(clip.speaker), set()).add(clip.split)
    assert len(splits) > 1000
    assert not [speaker for speaker, its in splits.items() if "test" in its and len(its) > 1]


def test_each_split_has_some_of_everything(negatives: Negatives):
    for kind in ("speech", "noise"):
        hours = [negatives.hours_of(split, kind) for split in ("train", "validation", "test")]
        # A tenth each for validation and test; hashes of few files, and official lists, are off by some percent.
        assert all(0.03 < share / sum(hours) < 0.2 for share in hours[1:])


def test_windows_and_streams_of_real_speech(negatives: Negatives):
    windows = draw_windows(negatives, 50, 1.5, np.random.default_rng(1), "train")
    samples = np.stack([load_window(window, 16000) for window in windows])
    assert samples.shape == (50, 24000)
    # Nearly all windows hold speech or at least a microphone's hiss.
    assert np.mean(np.abs(samples).max(axis=1) > 0.005) > 0.9
    gaps = sum(window.seconds for window in streams(negatives, "test")) / 3600 - negatives.hours_of("test")
    assert 0 <= gaps < negatives.hours_of("test")
