"""What is in the cache, since when nobody used it, and that nothing else is ever taken out."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.cache import key_of, write_entry
from edge_asr.data.cache_contents import DAY, list_cache, remove
from edge_asr.errors import DataError
from edge_asr.files import write_whole
from edge_asr.tasks.cache import cache

FEATURES, TRACE = key_of("features"), key_of("trace")
VOICE = "00016636a43e0f3ca141ebea.flac"
NAMES = {  # as the code that makes them calls them
    f"{FEATURES}": "features",
    f"{key_of('parts')}.parts": "unfinished",
    ".features-ab12cd_9": "unfinished",
    "release-ab12cd_9": "unfinished",
    ".removed-77-bookworm": "unfinished",
    f"voices/{VOICE}": "voices",
    f"voices/.{VOICE}-ab12cd_9": "unfinished",
    f"traces/{TRACE}.npz": "traces",
    f"traces/.{TRACE}.npz-ab12cd_9": "unfinished",
    "wheelhouse/0bd730854074680d": "wheels",
    "wheelhouse/.0bd730854074680d-ab12cd_9": "unfinished",
    "emulate/bookworm-arm64-18ad9793": "emulation",
    "emulate/bookworm-arm64-18ad9793-bin": "emulation",
    "emulate/qemu-aarch64": "emulation",
    "emulate/.qemu-ab12cd_9": "unfinished",
    "mesa": "other",
    "notes.txt": "other",
    "voices/my own.flac": "other",
    ".gitignore": "other",
}
NOW = time.time()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cache with a part of each kind. All was made just now: that a part is old is told by a later time."""
    root = tmp_path / "cache"
    for name in NAMES:
        write_whole(root / name if "." in Path(name).name.strip(".") else root / name / "content", bytes(10), sync=False)
    shutil.rmtree(root / FEATURES)
    write_entry(root / FEATURES, {"train": ((1, 2), [np.zeros((1, 2), np.float16)])}, None)
    return root


def kinds(root: Path) -> dict[str, str]:
    return {part.path.relative_to(root).as_posix(): part.kind for part in list_cache(root)}


def prune(root: Path, days: float, later: float) -> set[str]:
    """Names of what is taken out so many days later."""
    before = kinds(root)
    remove([part for part in list_cache(root) if part.is_stale(NOW + later * DAY, days)])
    return set(before) - set(kinds(root))


def test_every_part_is_of_its_kind(folder: Path) -> None:
    assert kinds(folder) == NAMES
    parts = {part.path.name: part for part in list_cache(folder)}
    assert parts[VOICE].size == parts["mesa"].size == 10
    assert parts[FEATURES].size == sum(file.stat().st_size for file in (folder / FEATURES).iterdir())
    assert all(abs(part.used - NOW) < DAY for part in parts.values())


def test_what_was_not_used_goes_and_the_rest_stays(folder: Path) -> None:
    assert prune(folder, days=30, later=29) == set()
    used = NOW + 20 * DAY
    os.utime(folder / FEATURES / "train.npy", (used, NOW))  # read
    os.utime(folder / "voices" / VOICE, (NOW, used))  # written
    stays = {FEATURES, f"voices/{VOICE}"} | {name for name, kind in NAMES.items() if kind == "other"}
    assert prune(folder, days=30, later=31) == set(NAMES) - stays
    assert prune(folder, days=30, later=51) == {FEATURES, f"voices/{VOICE}"}
    assert set(kinds(folder)) == {name for name, kind in NAMES.items() if kind == "other"}


def test_what_is_being_made_stays_for_a_day(folder: Path) -> None:
    being_made = {name for name, kind in NAMES.items() if kind == "unfinished"}
    # The tests' own seconds: half a day is far from either limit.
    assert prune(folder, days=0, later=0.5) == {name for name, kind in NAMES.items() if kind not in ("other", "unfinished")}
    assert prune(folder, days=30, later=1.5) == set()
    assert prune(folder, days=0, later=1.5) == being_made


def test_links_are_not_followed_and_stay(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "cache"
    for name in (VOICE, "index.json"):
        write_whole(outside / name, b"mine")
    write_whole(root / FEATURES / "train.npy", bytes(10))
    for name in (f"{FEATURES}/link", "voices", key_of("link"), f"{key_of('link')}.parts"):
        (root / name).symlink_to(outside)
    (root / "traces").mkdir()
    (root / "traces" / f"{TRACE}.npz").symlink_to(outside / VOICE)
    assert set(kinds(root).values()) == {"features", "other"}
    assert kinds(root)["voices"] == "other"
    # A link is as large as what it says.
    assert [part.size for part in list_cache(root) if part.kind == "features"] == [10 + len(str(outside))]
    assert prune(root, days=0, later=400) == {FEATURES}
    assert {file.name: file.read_bytes() for file in outside.iterdir()} == {VOICE: b"mine", "index.json": b"mine"}


def test_a_part_is_gone_whole_also_when_that_is_interrupted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(path: Path) -> None:
        raise KeyboardInterrupt

    (wheels,) = [part for part in list_cache(folder) if part.kind == "wheels"]
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            remove([wheels])
    assert not wheels.path.exists()
    (left,) = [name for name in kinds(folder) if wheels.path.name in name and ".removed-" in name]
    assert kinds(folder)[left] == "unfinished"
    remove([wheels])  # somebody else has done it
    assert left in prune(folder, days=1, later=1.5)


def test_what_cannot_be_done_is_one_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    assert list_cache(folder / "nowhere") == ()
    with pytest.raises(DataError, match=f"{VOICE}.*could not look"):
        list_cache(folder / "voices" / VOICE)
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(DataError, match="Permission denied; remove it by hand"):
        remove(list_cache(folder)[:1])


def test_command(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder.parent)
    folder.rename(".cache")
    cache.body(None)
    said = capsys.readouterr().out
    assert said.splitlines()[2].split()[:2] == ["features", "1"]
    assert said.endswith("0 parts, 0.0 MB, were not used for 30 days.\n")
    cache.body(None, days="0")
    assert "7 parts, 0.0 MB, were not used for 0 days: invoke cache --prune takes them out." in capsys.readouterr().out
    cache.body(None, prune=True, days="0")
    assert "7 parts, 0.0 MB, were not used for 0 days: taken out." in capsys.readouterr().out
    assert set(kinds(Path(".cache"))) == {name for name, kind in NAMES.items() if kind in ("other", "unfinished")}


def test_days_must_be_a_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        cache.body(None, days="-1")
    assert "--days: expected a number of 0 or more, found '-1'" in capsys.readouterr().err
