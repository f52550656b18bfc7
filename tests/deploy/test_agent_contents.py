"""What the agent unpacks: nothing but what a release's description says, and nowhere else."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from edge_asr.deploy.agent.contents import described, extract, is_whole, link, verify
from edge_asr.deploy.agent.system import RefusedError

ID = "20250131T140502Z-1f0e94c2"
BODY = b"what is in it"
FILE = {"sha256": hashlib.sha256(BODY).hexdigest(), "size": len(BODY), "mode": "644"}


def description(path: str = "site/a.py", id: str = ID, **changes: Any) -> str:
    return json.dumps({"id": id, "files": {path: {**FILE, **changes}}})


def test_a_description() -> None:
    assert described(description()) == {"id": ID, "files": {"site/a.py": FILE}}


@pytest.mark.parametrize(
    "path", ["../a", "/etc/passwd", "a/../../b", "a//b", "./a", "", "a/", "a\\b", "a\nb", "a\0b", "release.json"]
)
def test_a_path_that_leads_elsewhere(path: str) -> None:
    with pytest.raises(RefusedError, match="expected plain files below"):
        described(description(path))


@pytest.mark.parametrize("id", ["../../etc", "20250131T140502Z-1f0e94c2/..", ".", "", "current", 7, None])
def test_an_id_that_leads_elsewhere(id: Any) -> None:
    with pytest.raises(RefusedError):
        described(json.dumps({"id": id, "files": {}}))


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "4755"},
        {"mode": "777"},
        {"mode": 644},
        {"size": -1},
        {"size": 1 << 31},
        {"size": True},
        {"size": "9"},
        {"sha256": "x"},
    ],
)
def test_a_file_that_no_release_has(changes: dict[str, Any]) -> None:
    with pytest.raises(RefusedError):
        described(description(**changes))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"id": 1}', '{"files": {"a": 1}}', "[" * 100_000])
def test_no_description(text: str) -> None:
    with pytest.raises(RefusedError, match=r"release's release\.json"):
        described(text)


def test_more_files_than_a_release_has() -> None:
    files = {str(number): {**FILE, "size": 0} for number in range(20_001)}
    with pytest.raises(RefusedError):
        described(json.dumps({"id": ID, "files": files}))


def archive(folder: Path, *members: tarfile.TarInfo, body: bytes = BODY) -> Path:
    path = folder / "archive"
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(body) if member.isreg() else None)
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = len(BODY)) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size if kind == tarfile.REGTYPE else 0
    info.mode, info.uid, info.gid = 0o4777, 12345, 12345
    return info


def test_what_is_described_is_unpacked(tmp_path: Path) -> None:
    runs = {**FILE, "mode": "755"}
    extract(archive(tmp_path, member("site/a.py")), tmp_path / "out", {"site/a.py": runs})
    assert is_whole(tmp_path / "out" / "site" / "a.py", runs)  # its mode is the description's, not the archive's


@pytest.mark.parametrize(
    "odd",
    [
        member("site/b.py"),
        member("../a.py"),
        member("site/a.py", tarfile.SYMTYPE, "/etc/passwd"),
        member("site/a.py", tarfile.LNKTYPE, "../../archive"),
        member("site/a.py", tarfile.CHRTYPE),
        member("site/a.py", tarfile.FIFOTYPE),
        member("site/a.py", tarfile.DIRTYPE),
        member("site/a.py", size=len(BODY) - 1),
    ],
    ids=["unknown", "above", "symlink", "hardlink", "device", "pipe", "folder", "size"],
)
def test_anything_else_is_not(tmp_path: Path, odd: tarfile.TarInfo) -> None:
    with pytest.raises(RefusedError, match=r"is not a file that release\.json describes"):
        extract(archive(tmp_path, odd), tmp_path / "out", {"site/a.py": FILE})
    assert {path.name for path in tmp_path.rglob("*")} == {"archive"}


def test_an_absolute_path_is_not_written_to(tmp_path: Path) -> None:
    odd = member(str(tmp_path / "elsewhere"))
    with pytest.raises(RefusedError, match=r"is not a file that release\.json describes"):
        extract(archive(tmp_path, odd), tmp_path / "out", {"site/a.py": FILE})
    assert {path.name for path in tmp_path.rglob("*")} == {"archive"}


def test_a_file_that_comes_twice(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="expected a whole archive"):
        extract(archive(tmp_path, member("a"), member("a")), tmp_path / "out", {"a": FILE})


@pytest.mark.parametrize("content", [b"", b"no archive", gzip.compress(b"no tar" * 200)])
def test_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(RefusedError, match="expected a whole archive"):
        extract(tmp_path / "archive", tmp_path / "out", {"a": FILE})


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_an_archive_that_is_cut(tmp_path: Path, share: float) -> None:
    body = hashlib.shake_128(b"seed").digest(1000)
    whole = archive(tmp_path, member("a", size=1000), body=body)
    content = whole.read_bytes()
    whole.write_bytes(content[: int(share * len(content))])
    with pytest.raises(RefusedError, match="expected a whole archive"):
        extract(whole, tmp_path / "out", {"a": {**FILE, "size": 1000}})


def folder_of(tmp_path: Path) -> Path:
    (tmp_path / "a").write_bytes(BODY)
    (tmp_path / "a").chmod(0o644)
    (tmp_path / "release.json").write_text("{}")
    return tmp_path


def test_a_verified_folder(tmp_path: Path) -> None:
    verify(folder_of(tmp_path), {"a": FILE})


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda folder: (folder / "a").write_bytes(BODY.upper()), "a is not what"),
        (lambda folder: (folder / "a").write_bytes(BODY + b"."), "a is not what"),
        (lambda folder: (folder / "a").chmod(0o755), "a is not what"),
        (lambda folder: (folder / "a").unlink(), "a is missing"),
        (lambda folder: (folder / "b").write_bytes(b""), "b is there but not described"),
        (lambda folder: (folder / "b").symlink_to("/etc"), "b is there but not described"),
        (lambda folder: (folder / "release.json").unlink(), r"release\.json is missing"),
        (
            lambda folder: (folder / "a").rename(folder.parent / "moved") and (folder / "a").symlink_to("../moved"),
            "a is not what",
        ),
    ],
    ids=["byte", "longer", "mode", "missing", "added", "linked folder", "description", "link to the same"],
)
def test_a_folder_that_is_not_what_it_should_be(tmp_path: Path, break_it: Any, said: str) -> None:
    (tmp_path / "in").mkdir()
    break_it(folder_of(tmp_path / "in"))
    with pytest.raises(RefusedError, match=said):
        verify(tmp_path / "in", {"a": FILE})


def test_a_file_is_copied_where_it_can_t_be_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("protected_hardlinks")

    monkeypatch.setattr("os.link", refuse)
    link(folder_of(tmp_path) / "a", tmp_path / "new" / "a")
    assert is_whole(tmp_path / "new" / "a", FILE)
    assert not (tmp_path / "new" / "a").samefile(tmp_path / "a")
