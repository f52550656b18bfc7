import io
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from edge_asr.data import archive as archive_module
from edge_asr.data.archive import unpacked
from edge_asr.data.readers import read_dataset
from edge_asr.data.spec import DataSpec
from edge_asr.errors import DataError
from tests.data_room.sounds import speech_commands

SPEC = DataSpec(reader="speech_commands", labels=("yes", "no"))


def pack(folder: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=".")
    return archive


def hostile(archive: Path, member: tarfile.TarInfo) -> Path:
    with tarfile.open(archive, "w:gz") as tar:
        member.size = 4 if member.isfile() else 0
        tar.addfile(member, io.BytesIO(b"evil"))
    return archive


@pytest.mark.parametrize("given", ["archive", "its folder"])
def test_an_archive_reads_like_the_folder_it_holds(tmp_path: Path, given: str):
    source = speech_commands(tmp_path / "source", speakers=4)
    place = tmp_path / "place"
    place.mkdir()
    archive = pack(source, place / "speech_commands_v0.02.tar.gz")
    for _ in range(2):
        dataset = read_dataset(SPEC, archive if given == "archive" else place)
        assert len(dataset.clips) == 16
        assert dataset.root == place / "speech_commands_v0.02"
    assert {path.name for path in place.iterdir()} == {"speech_commands_v0.02", "speech_commands_v0.02.tar.gz"}


def test_a_folder_with_words_is_read_itself(tmp_path: Path):
    pack(speech_commands(tmp_path / "other", words="yes", speakers=3), tmp_path / "speech_commands_v0.02.tar.gz")
    speech_commands(tmp_path, words="no", speakers=4)
    assert {clip.word for clip in read_dataset(SPEC, tmp_path).clips} == {"no"}


@pytest.mark.parametrize("name", ["../evil.wav", "yes/../../evil.wav", "/evil.wav", "yes\\..\\evil.wav", "c:evil.wav"])
def test_names_that_lead_outside_are_refused(tmp_path: Path, name: str):
    with pytest.raises(DataError, match="inside"):
        unpacked(hostile(tmp_path / "data.tar.gz", tarfile.TarInfo(name)))
    assert [path.name for path in tmp_path.iterdir()] == ["data.tar.gz"]


def test_a_zip_reads_like_the_folder_it_holds(tmp_path: Path):
    source = speech_commands(tmp_path / "source", speakers=2)
    folder = unpacked(Path(shutil.make_archive(str(tmp_path / "data"), "zip", source)))
    assert folder == tmp_path / "data"
    held = {path.relative_to(source): path.read_bytes() for path in source.rglob("*") if path.is_file()}
    assert {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == held


@pytest.mark.parametrize("name", ["../evil.wav", "yes/../../evil.wav", "/evil.wav"])
def test_names_in_a_zip_that_lead_outside_are_refused(tmp_path: Path, name: str):
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr(name, b"evil")
    with pytest.raises(DataError, match="inside"):
        unpacked(tmp_path / "data.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["data.zip"]


def test_a_damaged_or_encrypted_zip_leaves_nothing(tmp_path: Path):
    archive = tmp_path / "data.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("yes/a.wav", bytes(range(256)) * 20)
    whole = archive.read_bytes()
    entry = whole.index(b"PK\x01\x02") + 8  # the flags in the directory's entry; their first bit means encrypted
    encrypted = whole[:6] + b"\x01" + whole[7:entry] + b"\x01" + whole[entry + 1 :]
    for content in (b"", whole[: len(whole) // 2], whole[:100] + b"\0" * 50 + whole[150:], encrypted):
        archive.write_bytes(content)
        with pytest.raises(DataError, match="whole archive"):
            unpacked(archive)
        assert [path.name for path in tmp_path.iterdir()] == ["data.zip"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_passed_over(tmp_path: Path, kind: bytes):
    outside = tmp_path / "outside.txt"
    outside.write_text("private")
    member = tarfile.TarInfo("yes/link.wav")
    member.type, member.linkname = kind, "../../outside.txt"
    assert list(unpacked(hostile(tmp_path / "data.tar.gz", member)).rglob("*")) == []


def test_a_damaged_archive_leaves_nothing(tmp_path: Path):
    archive = pack(speech_commands(tmp_path / "source", speakers=2), tmp_path / "data.tar.gz")
    whole = archive.read_bytes()
    for content in (b"", b"not a tar", whole[: len(whole) // 2], whole[:200] + b"\0" * 50 + whole[250:]):
        archive.write_bytes(content)
        with pytest.raises(DataError, match="whole archive"):
            unpacked(archive)
        assert {path.name for path in tmp_path.iterdir()} == {"source", "data.tar.gz"}


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    archive = pack(speech_commands(tmp_path / "source", speakers=2), tmp_path / "data.tar.gz")
    monkeypatch.setattr(archive_module, "LARGEST", 100_000)
    with pytest.raises(DataError, match="found more"):
        unpacked(archive)
