"""Calibration changes what a bundle decides, and nothing else of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.data.negative_windows import Window, streams
from edge_asr.data.negatives import read_negatives
from edge_asr.errors import BundleError, ConfigError, DataError
from edge_asr.files import write_whole
from edge_asr.runtime.engine import load_engine
from edge_asr.training.calibrate import calibrate_bundle
from edge_asr.training.judge_wake import calibrate_for
from edge_asr.training.wake_listen import find_false_accepts
from tests.training.test_wake_listen import save, silence, tone


@pytest.fixture
def room(tmp_path: Path) -> tuple[Window, ...]:
    """Nearly three minutes with tones that the tiny bundle takes for its words: "yes" strong and weak, "no" weak."""
    parts = []
    for number in range(20):
        parts += [silence(4), tone(1000, 0.05 + 0.01 * number, 0.005 * (1 + number)), silence(4), tone(3000, 0.05, 0.002)]
    save(tmp_path / "room" / "evening.wav", np.concatenate(parts))
    return streams(read_negatives([tmp_path / "room"]))


def test_thresholds_and_their_evidence(tiny_bundle: Bundle, room: tuple[Window, ...], tmp_path: Path) -> None:
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tiny_bundle.path.iterdir()}
    choices = calibrate_bundle(tiny_bundle.path, room, 120.0, tmp_path / "cache", audio="evening")
    after = read_bundle(tiny_bundle.path).manifest
    assert after.detect.thresholds == {choice.label: choice.threshold for choice in choices}
    assert list(after.detect.thresholds) == ["yes", "no"]
    assert after.detect.threshold == tiny_bundle.manifest.detect.threshold
    events = find_false_accepts(load_engine(tiny_bundle.path), room, after.detect.thresholds["yes"])
    # 120 an hour are 5 events in these minutes, of which one is to come.
    assert len([event for event in events if event.label == "yes"]) == choices[0].found.events == 4

    said = after.provenance["calibration"]
    assert (said["target_fa_per_hour"], said["audio"], said["hours"]) == (120.0, "evening", round(choices[0].found.hours, 3))
    assert said["date"].startswith("20")
    assert said["labels"]["yes"]["threshold"] == choices[0].threshold
    assert said["labels"]["yes"]["false_accepts"] == 4
    assert said["labels"]["yes"]["interval95_per_hour"] == pytest.approx(choices[0].found.interval, abs=1e-3)
    assert [said["labels"][label]["rule"] for label in ("yes", "no")] == ["counted", "lowest"]
    changed = {
        path.name for path in tiny_bundle.path.iterdir() if before.get(path.name) != (path.read_bytes(), path.stat().st_mtime_ns)
    }
    assert changed == {"manifest.json"}
    assert len(before) == len(list(tiny_bundle.path.iterdir()))


def test_the_rest_of_the_manifest_stays(tiny_bundle: Bundle, room: tuple[Window, ...], tmp_path: Path) -> None:
    manifest = tiny_bundle.path / "manifest.json"
    table = json.loads(manifest.read_text())
    table["provenance"] = {"seed": 3, "calibration": {"old": True}}
    manifest.write_text(json.dumps(table))
    calibrate_bundle(tiny_bundle.path, room, 1.0, tmp_path / "cache", audio="evening")
    new = json.loads(manifest.read_text())
    assert new["provenance"].pop("calibration").keys() == {"target_fa_per_hour", "hours", "audio", "date", "labels"}
    assert new["detect"].pop("thresholds").keys() == {"yes", "no"}
    del table["provenance"]["calibration"]
    table["detect"].pop("thresholds", None)
    assert new == table


def test_a_failure_leaves_the_manifest(
    tiny_bundle: Bundle, room: tuple[Window, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (tiny_bundle.path / "manifest.json").read_bytes()

    def full(path: Path, content: bytes, **options: bool) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("edge_asr.bundle.store.write_whole", full)
    with pytest.raises(BundleError, match=r"the bundle can't be written: disk full"):
        calibrate_bundle(tiny_bundle.path, room, 1.0, tmp_path / "cache", audio="evening")
    monkeypatch.setattr("edge_asr.bundle.store.write_whole", write_whole)
    with pytest.raises(DataError, match="0 false accepts an hour or more"):
        calibrate_bundle(tiny_bundle.path, room, -1.0, tmp_path / "cache", audio="evening")
    assert (tiny_bundle.path / "manifest.json").read_bytes() == before


def test_from_places(tiny_bundle: Bundle, room: tuple[Window, ...], tmp_path: Path) -> None:
    save(tmp_path / "room" / "yes" / "said.wav", tone(1000, 1))  # a folder of the word: left out
    choices = calibrate_for(tiny_bundle.path, [tmp_path / "room"], 120.0, tmp_path / "cache")
    assert choices[0].found.events == 4
    said = read_bundle(tiny_bundle.path).manifest.provenance["calibration"]
    assert said["audio"] == "room"  # no path of this machine
    with pytest.raises(ConfigError, match="expected --negatives FOLDER"):
        calibrate_for(tiny_bundle.path, [], 1.0, tmp_path / "cache")
    with pytest.raises(ConfigError, match="--split: expected one of train, validation, test, found 'all'"):
        calibrate_for(tiny_bundle.path, [tmp_path / "room"], 1.0, tmp_path / "cache", split="all")
    with pytest.raises(BundleError):
        calibrate_for(tmp_path / "nowhere", [tmp_path / "room"], 1.0, tmp_path / "cache")
