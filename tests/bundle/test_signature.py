"""Signatures: what is signed is taken, and nothing else."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_asr.bundle.signature import SIGNATURE, read_public_key, verify_signature
from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.cli.main import ERROR, main
from edge_asr.deploy.signing import make_key, sign_bundle
from edge_asr.errors import BundleError
from tests.bundle.damage import edit_manifest

# RFC 8032, section 7.1, test 3: another implementation's key, message and signature.
RFC_KEY = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
RFC_MESSAGE = "af82"
RFC_SIGNATURE = (
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)


def base64_of(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


@pytest.fixture
def key(tmp_path: Path) -> str:
    return make_key(tmp_path / "keys")


@pytest.fixture
def signed(tiny_bundle: Bundle, key: str, tmp_path: Path) -> Path:
    sign_bundle(tiny_bundle.path, tmp_path / "keys")
    return tiny_bundle.path


def test_a_signed_bundle_is_taken(signed: Path, key: str) -> None:
    verify_signature(signed, key)
    assert read_bundle(signed, public_key=key).manifest.name == "tiny"


def test_signatures_are_those_of_the_standard(tmp_path: Path) -> None:
    (tmp_path / SIGNATURE).write_text(base64_of(RFC_SIGNATURE))
    verify_signature(tmp_path, base64_of(RFC_KEY), bytes.fromhex(RFC_MESSAGE))
    with pytest.raises(BundleError, match="changed after it was signed"):
        verify_signature(tmp_path, base64_of(RFC_KEY), bytes.fromhex("af83"))


def test_an_unsigned_bundle_is_refused(tiny_bundle: Bundle, key: str) -> None:
    with pytest.raises(BundleError, match=r"found no manifest\.sig: invoke sign --bundle"):
        read_bundle(tiny_bundle.path, public_key=key)


def test_another_key_is_refused(signed: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="somebody else signed it"):
        read_bundle(signed, public_key=make_key(tmp_path / "others"))


def test_a_changed_manifest_is_refused(signed: Path, key: str) -> None:
    edit_manifest(signed, lambda table: table["detect"].update(threshold=0.1))
    assert read_bundle(signed).manifest.detect.threshold == 0.1  # nothing else is wrong with it
    with pytest.raises(BundleError, match="changed after it was signed"):
        read_bundle(signed, public_key=key)


def test_a_changed_model_is_refused(signed: Path, key: str) -> None:
    model = next(signed.glob("*.tflite"))
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleError, match="SHA-256"):
        read_bundle(signed, public_key=key)


def test_the_bytes_that_are_checked_are_the_bytes_that_are_parsed(
    signed: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest that is exchanged between two readings must not pass."""
    good = (signed / "manifest.json").read_bytes()
    reads: list[bytes] = []

    def read_file(folder: Path, name: str, limit: int) -> bytes:
        content = (folder / name).read_bytes()
        if name == "manifest.json":
            reads.append(content)
            (folder / name).write_bytes(good)
        return content

    edit_manifest(signed, lambda table: table.update(name="evil"))
    monkeypatch.setattr("edge_asr.bundle.store.read_file", read_file)
    monkeypatch.setattr("edge_asr.bundle.signature.read_file", read_file)
    with pytest.raises(BundleError, match="changed after it was signed"):
        read_bundle(signed, public_key=key)
    assert b"evil" in reads[0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: b"",
        lambda text: text[:40],
        lambda text: b"A" * 88,
        lambda text: base64.b64encode(b"\0" * 63),
        lambda text: base64.b64encode(b"\0" * 65),
        lambda text: b"\xff\xfe" * 44,
        lambda text: text * 1000,
        lambda text: b"not base64 at all!",
    ],
)
def test_a_damaged_signature_is_refused(signed: Path, key: str, damage: Callable[[bytes], bytes]) -> None:
    path = signed / SIGNATURE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BundleError, match=r"manifest\.sig: expected 64 bytes in base64"):
        verify_signature(signed, key)


def test_a_flipped_bit_of_the_signature_is_refused(signed: Path, key: str) -> None:
    content = bytearray(base64.b64decode((signed / SIGNATURE).read_bytes()))
    content[10] ^= 1
    (signed / SIGNATURE).write_bytes(base64.b64encode(content))
    with pytest.raises(BundleError, match="changed after it was signed"):
        verify_signature(signed, key)


def test_a_signature_elsewhere_is_refused(signed: Path, key: str, tmp_path: Path) -> None:
    shutil.move(signed / SIGNATURE, tmp_path / SIGNATURE)
    (signed / SIGNATURE).symlink_to(tmp_path / SIGNATURE)
    with pytest.raises(BundleError, match="leads out of the bundle"):
        verify_signature(signed, key)


@pytest.mark.parametrize("nonsense", ["", "x", "ä", "A" * 44, base64.b64encode(b"\0" * 31).decode(), "A" * 10**6])
def test_what_is_no_key_opens_nothing(signed: Path, nonsense: str) -> None:
    with pytest.raises(BundleError, match="expected a public key, 32 bytes in base64"):
        read_bundle(signed, public_key=nonsense)


def test_without_cryptography_the_error_says_what_to_install(signed: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(BundleError, match="pip install cryptography, or apt install python3-cryptography"):
        verify_signature(signed, key)
    assert read_bundle(signed).manifest.name == "tiny"  # what asks for no signature needs no package


def test_a_key_is_named_by_itself_or_by_a_file(key: str, tmp_path: Path) -> None:
    assert read_public_key(key) == key
    assert read_public_key(str(tmp_path / "keys" / "signing.pub")) == key


@pytest.mark.parametrize("content", [b"", b"x" * 5000, b"\xff\0", json.dumps({"key": 1}).encode()])
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(BundleError, match="expected a public key, 32 bytes in base64, found something else"):
        read_public_key(str(tmp_path / "key"))


@pytest.mark.parametrize("named", ["nowhere", "", "a\0b", "x" * 5000])
def test_neither_key_nor_file(named: str) -> None:
    with pytest.raises(BundleError, match="expected a public key in base64, or a file with one"):
        read_public_key(named)


def refuses(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> bool:
    status = main(arguments)
    return status == ERROR and "found no manifest.sig" in capsys.readouterr().err


def test_every_start_asks_for_the_signature(
    tiny_bundle: Bundle, tiny_speech: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = make_key(tmp_path / "keys")
    tiny, speech, option = str(tiny_bundle.path), str(tiny_speech.path), f"--public-key={key}"
    assert refuses(["listen", "--bundle", tiny, "--input", "-", option], capsys)
    assert refuses(["transcribe", "--bundle", speech, "--input", "-", option], capsys)
    assert refuses(["info", tiny, option], capsys)
    sign_bundle(tiny_bundle.path, tmp_path / "keys")
    assert main(["info", tiny, option]) == 0
    # Each bundle counts: a second one, and the recogniser behind the wake word.
    assert refuses(["listen", "--bundle", tiny, "--bundle", speech, "--input", "-", option], capsys)
    assert refuses(["listen", "--bundle", tiny, "--then", speech, "--input", "-", option], capsys)
