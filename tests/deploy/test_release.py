"""What may stand in a release's description, and what a hostile one may not."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_asr.deploy.release import ReleaseDraft, ReleaseFile, read_release, write_release
from edge_asr.errors import DeployError
from edge_asr.runtime.release import DESCRIPTION_LIMIT, LARGEST_RELEASE, MOST_FILES, parse_release

HASH = "0" * 64
DRAFT = ReleaseDraft("pi4", "commands12", HASH, "0.1.0", "aarch64", "3.11")
NOW = datetime(2025, 1, 31, 14, 5, 2, tzinfo=timezone(timedelta(hours=2)))
FILE = {"sha256": HASH, "size": 1, "mode": "644"}
TABLE = {
    "schema": 1,
    "id": "20250131T120502Z-0a1b2c3d",
    "target": "pi4",
    "bundle": "commands12",
    "manifest_sha256": HASH,
    "edge_asr": "0.1.0",
    "machine": "aarch64",
    "python": "3.11",
    "files": {"site/numpy/__init__.py": FILE},
}


def parse(**changes: object):
    return parse_release(json.dumps({**TABLE, **changes}).encode(), Path("/releases/x"))


def files(*paths: str, **changes: object) -> dict[str, object]:
    return {path: {**FILE, **changes} for path in paths}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "module.py").write_bytes(b"pass\n")
    (tmp_path / "edge-asr").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "edge-asr").chmod(0o755)
    return tmp_path


def test_what_is_written_is_read_again(folder):
    release = write_release(folder, DRAFT, NOW)
    assert read_release(folder) == release
    assert release.id.startswith("20250131T120502Z-")  # UTC
    assert list(release.files) == ["edge-asr", "site/module.py"]
    assert release.files["edge-asr"].mode == "755"
    # echo pass | sha256sum
    assert release.files["site/module.py"] == ReleaseFile(
        "9f56e761d79bfdb34304a012586cb04d16b435ef6130091a97702e559260a2f2", 5, "644"
    )
    assert release.size == 15


def test_the_id_stands_for_the_content_and_the_time(folder):
    first = write_release(folder, DRAFT, NOW)
    later = write_release(folder, DRAFT, NOW + timedelta(days=1))
    assert later.id.split("-")[1] == first.id.split("-")[1]
    assert later.id > first.id
    (folder / "site" / "module.py").chmod(0o755)
    assert write_release(folder, DRAFT, NOW).id.split("-")[1] != first.id.split("-")[1]


def test_links_have_no_place_in_a_release(folder):
    (folder / "site" / "link").symlink_to("/etc/passwd")
    with pytest.raises(DeployError, match="site/link: expected files and folders in a release"):
        write_release(folder, DRAFT, NOW)


def test_a_sound_description():
    assert parse().files["site/numpy/__init__.py"].size == 1


@pytest.mark.parametrize(
    "path",
    [
        *("../x", "/etc/passwd", "site/../../x", "site//x", "site/./x", "", ".", "site/", "site\\x", "site/\n", "site/\0"),
        *("site/é", "release.json", "a" * 241, "x/" * 60 + "x" * 130),
    ],
)
def test_paths_that_lead_elsewhere(path):
    with pytest.raises(DeployError, match="files must have plain paths below the release's folder.*pack it again"):
        parse(files=files(path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"files": {}}, "files must be some"),
        ({"files": files(*map(str, range(MOST_FILES + 1)))}, f"files must be 1 to {MOST_FILES}"),
        ({"files": files("a", "b", size=LARGEST_RELEASE)}, f"at most {LARGEST_RELEASE} bytes"),
        ({"files": files("a", size=-1)}, "must be at least 0"),
        ({"files": files("a", size=1.5)}, "must be a whole number"),
        ({"files": files("a", mode="4755")}, "must be one of '644', '755'"),
        ({"files": files("a", sha256="0" * 63)}, "sha256 must be 64 hexadecimal digits"),
        ({"files": files("site", "site/x")}, "names 'site' as a file and as a folder"),
        ({"manifest_sha256": "x"}, "sha256 must be 64 hexadecimal digits"),
        ({"id": "../../20250131T120502Z-0a1b2c3d"}, "id must be like"),
        ({"id": "20250131T120502Z-0a1b2c3d\n"}, "id must be like"),
        ({"schema": 2}, "schema 2 is newer than 1"),
        ({"schema": True}, "found none"),
        ({"path": "/etc"}, "'path' must be"),
        ({"more": 1}, "unknown key 'more'"),
        ({"machine": 5}, "'machine' must be a text"),
    ],
)
def test_what_no_release_says(changes, message):
    with pytest.raises(DeployError, match=message):
        parse(**changes)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\xff", b"[]", b"null", b"[" * 100_000, b'{"schema": NaN}', b" " * (DESCRIPTION_LIMIT + 1)),
        json.dumps(TABLE).replace('"target"', '"target": "pi5", "target"').encode(),  # a key twice: which one would count?
    ],
)
def test_content_that_is_none(content, tmp_path):
    (tmp_path / "release.json").write_bytes(content)
    with pytest.raises(DeployError, match=r"release\.json: "):
        read_release(tmp_path)


def test_a_folder_that_is_no_release(tmp_path):
    with pytest.raises(DeployError, match="expected a release, found nothing"):
        read_release(tmp_path)
    (tmp_path / "release.json").mkdir()
    with pytest.raises(DeployError, match="expected a release, found no file"):
        read_release(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), lambda some: st.lists(some, max_size=3)
)


@given(st.dictionaries(st.sampled_from([*TABLE, "path", "size"]), JSON | st.dictionaries(st.text(max_size=9), JSON), max_size=4))
def test_any_other_json_is_refused_in_order(changes):
    try:
        release = parse(**changes)
    except DeployError:
        return
    assert all(".." not in path.split("/") and not path.startswith("/") for path in release.files)
