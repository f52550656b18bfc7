import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data import speech_commands_archive
from edge_asr.data.download import download
from edge_asr.data.speech_commands_archive import fetch_speech_commands
from edge_asr.errors import DataError

CONTENT = np.random.default_rng(0).bytes(700_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """What the server does, and what it was asked."""

    url: str = ""
    ranges: bool = True
    break_off_after: int | None = None
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            state.asked.append(wanted)
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and state.ranges else 0
            if start >= len(CONTENT) or "missing" in self.path:
                self.send_error(416 if start else 404)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(CONTENT) - start))
            self.end_headers()
            self.wfile.write(CONTENT[start:][: state.break_off_after])

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.url = f"http://127.0.0.1:{http.server_port}/data.tar.gz"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield state
        http.shutdown()
        thread.join()


def test_fetches_with_progress_and_only_once(tmp_path: Path, server: Server):
    seen: list[tuple[str, int, int]] = []
    target = tmp_path / "new" / "data.tar.gz"
    for _ in range(2):
        download(server.url, target, SHA256, progress=lambda *step: seen.append(step))
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["data.tar.gz"]
    assert server.asked == [None]
    assert seen[-1] == ("download", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen})


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_transfer_goes_on(tmp_path: Path, server: Server, ranges: bool):
    target = tmp_path / "data.tar.gz"
    server.break_off_after = 300_000
    with pytest.raises(DataError, match="broke off"):
        download(server.url, target, SHA256)
    assert not target.exists()
    server.break_off_after, server.ranges = None, ranges
    download(server.url, target, SHA256)
    assert target.read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-"]


def test_a_whole_part_is_not_fetched_again(tmp_path: Path, server: Server):
    (tmp_path / "data.tar.gz.part").write_bytes(CONTENT)
    download(server.url, tmp_path / "data.tar.gz", SHA256)
    assert (tmp_path / "data.tar.gz").read_bytes() == CONTENT


def test_a_wrong_hash_is_refused_and_removed(tmp_path: Path, server: Server):
    (tmp_path / "data.tar.gz.part").write_bytes(b"something else that came before")
    with pytest.raises(DataError, match="SHA-256"):
        download(server.url, tmp_path / "data.tar.gz", SHA256)
    assert list(tmp_path.iterdir()) == []
    download(server.url, tmp_path / "data.tar.gz", SHA256)
    assert (tmp_path / "data.tar.gz").read_bytes() == CONTENT


def test_a_damaged_file_is_replaced(tmp_path: Path, server: Server):
    (tmp_path / "data.tar.gz").write_bytes(CONTENT[:-1])
    download(server.url, tmp_path / "data.tar.gz", SHA256)
    assert (tmp_path / "data.tar.gz").read_bytes() == CONTENT


@pytest.mark.parametrize("url", ["{}/missing", "http://127.0.0.1:9/nobody", "file:///etc/hostname", "data.tar.gz"])
def test_no_such_place_is_a_data_error(tmp_path: Path, server: Server, url: str):
    with pytest.raises(DataError):
        download(url.format(server.url), tmp_path / "data.tar.gz", SHA256)
    assert not (tmp_path / "data.tar.gz").exists()


def test_fetch_speech_commands(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(speech_commands_archive, "ADDRESS", server.url + "/")
    monkeypatch.setitem(speech_commands_archive.SHA256, "v0.01", SHA256)
    assert fetch_speech_commands(tmp_path, version="v0.01") == tmp_path / "speech_commands_v0.01.tar.gz"
    with pytest.raises(DataError, match=r"v0\.02"):
        fetch_speech_commands(tmp_path, version="v3")
