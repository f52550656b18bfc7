import shutil
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.cache import Entry, file_state, key_of, open_entry, write_entry
from edge_asr.data.clips import LeftOut
from edge_asr.data.parts import Part, read_part, write_part

TABLE = np.random.default_rng(0).standard_normal((10, 3, 4, 5)).astype(np.float16)


def write(folder: Path, meta: object = None) -> Entry | None:
    write_entry(folder, {"train": (TABLE.shape, [TABLE[:7], TABLE[7:]]), "test": ((0, 1, 4, 5), [])}, meta)
    return open_entry(folder)


def test_what_is_written_is_read(tmp_path: Path):
    entry = write(tmp_path / "new" / "key", {"ids": ["ä", "\udcff"]})
    assert entry is not None
    assert entry.meta == {"ids": ["ä", "\udcff"]}
    assert isinstance(entry.tables["train"], np.memmap)
    np.testing.assert_array_equal(entry.tables["train"], TABLE)
    assert entry.tables["test"].shape == (0, 1, 4, 5)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["key"]


def damage(content: bytes) -> dict[str, bytes | None]:
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 0x10
    return {"gone": None, "empty": b"", "cut": content[:-1], "longer": content + b"\0", "flipped": bytes(flipped)}


@pytest.mark.parametrize("kind", ["gone", "empty", "cut", "longer", "flipped"])
@pytest.mark.parametrize("file", ["train.npy", "test.npy"])
def test_a_damaged_table_is_no_entry(tmp_path: Path, file: str, kind: str):
    write(tmp_path / "key")
    path = tmp_path / "key" / file
    content = damage(path.read_bytes())[kind]
    path.unlink() if content is None else path.write_bytes(content)
    assert open_entry(tmp_path / "key") is None
    assert write(tmp_path / "key") is not None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"files": {"train": [1, 2]}}', b'{"files": 3, "meta": 0}', b"\xff\xfe"]
)
def test_a_damaged_index_is_no_entry(tmp_path: Path, content: bytes):
    write(tmp_path / "key")
    (tmp_path / "key" / "index.json").write_bytes(content)
    assert open_entry(tmp_path / "key") is None
    assert write(tmp_path / "key") is not None


def test_an_entry_that_was_made_meanwhile_stays(tmp_path: Path):
    write(tmp_path / "key", "first")
    entry = write(tmp_path / "key", "second")
    assert entry is not None
    assert entry.meta == "first"


def test_only_what_is_damaged_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What another process puts there between a look and a removal would be lost to it."""
    removed: list[Path] = []
    rmtree = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", lambda path, **options: removed.append(path) or rmtree(path, **options))
    for _ in range(2):
        write(tmp_path / "key")
    assert tmp_path / "key" not in removed
    (tmp_path / "key" / "train.npy").unlink()
    write(tmp_path / "key")
    assert tmp_path / "key" in removed


def test_an_interrupted_write_leaves_nothing(tmp_path: Path):
    def blocks():
        yield TABLE[:7]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_entry(tmp_path / "key", {"train": (TABLE.shape, blocks())}, None)
    assert list(tmp_path.iterdir()) == []


def test_keys_and_file_states(tmp_path: Path):
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1}) != key_of({"a": 1, "b": 3})
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert file_state(path)[0] == 5
    assert file_state(tmp_path / "gone") == []


@pytest.fixture
def part(tmp_path: Path) -> Path:
    path = tmp_path / "new" / "part.npz"
    write_part(path, Part(TABLE[:2], ("a", "b"), (LeftOut(Path("c"), "why"),)))
    return path


def test_a_part_comes_back(part: Path):
    read = read_part(part)
    assert read is not None
    np.testing.assert_array_equal(read.features, TABLE[:2])
    assert (read.ids, read.left_out) == (("a", "b"), (LeftOut(Path("c"), "why"),))
    assert [path.name for path in part.parent.iterdir()] == ["part.npz"]


@pytest.mark.parametrize("kind", ["gone", "empty", "cut", "flipped"])
def test_a_damaged_part_is_none(part: Path, kind: str):
    content = damage(part.read_bytes())[kind]
    part.unlink() if content is None else part.write_bytes(content)
    assert read_part(part) is None


def test_a_part_whose_folder_is_cleared_away_meanwhile_is_not_missed(part: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(np, "savez", lambda *_, **__: shutil.rmtree(part.parent))
    write_part(part, Part(TABLE[:2], ("a", "b"), ()))
    assert read_part(part) is None
