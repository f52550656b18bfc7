"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_asr.files import write_whole


@pytest.mark.parametrize("sync", [True, False])
def test_replaces_and_makes_folders(tmp_path: Path, sync: bool):
    target = tmp_path / "a" / "b.bin"
    write_whole(target, b"one", sync=sync)
    write_whole(target, b"two", sync=sync)
    assert target.read_bytes() == b"two"
    assert [path.name for path in target.parent.iterdir()] == ["b.bin"]
    assert target.stat().st_mode & 0o777 == 0o644


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "b.bin"
    write_whole(target, b"old")

    def fail(self: Path, other: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_whole(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
