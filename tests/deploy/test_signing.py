"""Keys: made once, kept secret, and of one kind."""

from __future__ import annotations

import base64
import stat
import sys
from pathlib import Path

import pytest

from edge_asr.bundle.signature import verify_signature
from edge_asr.bundle.store import Bundle
from edge_asr.deploy.signing import make_key, public_key, sign_bundle
from edge_asr.errors import BundleError, DeployError
from tests.bundle.damage import edit_manifest


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    make_key(tmp_path / "config" / "keys")
    return tmp_path / "config" / "keys"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_its_owner_can_read_a_key(keys: Path) -> None:
    assert (mode(keys), mode(keys / "signing.key")) == (0o700, 0o600)
    assert len(base64.b64decode(public_key(keys))) == 32
    assert sorted(path.name for path in keys.iterdir()) == ["signing.key", "signing.pub"]  # and nothing of its making


def test_a_key_is_never_replaced(keys: Path) -> None:
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    with pytest.raises(DeployError, match="there is a key already; boards trust it"):
        make_key(keys)
    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before


def test_two_keys_differ(keys: Path, tmp_path: Path) -> None:
    assert make_key(tmp_path / "other") != public_key(keys)


def test_without_a_key_there_is_no_public_half(tmp_path: Path) -> None:
    assert public_key(tmp_path) == ""


def test_a_damaged_public_half_is_an_error(keys: Path) -> None:
    (keys / "signing.pub").write_text("what?")
    with pytest.raises(DeployError, match="expected a public key"):
        public_key(keys)


def test_signing_again_follows_a_change(keys: Path, tiny_bundle: Bundle) -> None:
    signature = sign_bundle(tiny_bundle.path, keys)
    first = signature.read_bytes()
    edit_manifest(tiny_bundle.path, lambda table: table["detect"].update(threshold=0.7))
    assert sign_bundle(tiny_bundle.path, keys) == signature
    assert signature.read_bytes() != first
    verify_signature(tiny_bundle.path, public_key(keys))


def test_a_damaged_bundle_is_not_signed(keys: Path, tiny_bundle: Bundle) -> None:
    model = next(tiny_bundle.path.glob("*.tflite"))
    model.write_bytes(model.read_bytes()[:-1])
    with pytest.raises(BundleError, match="copy it again"):
        sign_bundle(tiny_bundle.path, keys)
    assert not (tiny_bundle.path / "manifest.sig").exists()


@pytest.mark.parametrize("others", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_not_used(keys: Path, tiny_bundle: Bundle, others: int) -> None:
    (keys / "signing.key").chmod(others)
    with pytest.raises(DeployError, match="others can read this key"):
        sign_bundle(tiny_bundle.path, keys)


def test_no_key(tmp_path: Path, tiny_bundle: Bundle) -> None:
    with pytest.raises(DeployError, match="expected a key to sign with, found none: invoke keys"):
        sign_bundle(tiny_bundle.path, tmp_path / "keys")


def write_key(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_damaged_key(keys: Path, tiny_bundle: Bundle, content: bytes) -> None:
    write_key(keys / "signing.key", content)
    with pytest.raises(DeployError, match=r"signing\.key: expected an Ed25519 key in PEM"):
        sign_bundle(tiny_bundle.path, keys)


def test_keys_of_other_kinds(keys: Path, tiny_bundle: Bundle) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    locked = ed25519.Ed25519PrivateKey.generate().private_bytes(*form, serialization.BestAvailableEncryption(b"secret"))
    write_key(keys / "signing.key", locked)
    with pytest.raises(DeployError, match="without a password"):
        sign_bundle(tiny_bundle.path, keys)
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(*form, serialization.NoEncryption())
    write_key(keys / "signing.key", other)
    with pytest.raises(DeployError, match="expected an Ed25519 key, found another kind"):
        sign_bundle(tiny_bundle.path, keys)


def test_without_cryptography_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    with pytest.raises(DeployError, match="pip install cryptography"):
        make_key(tmp_path)


def test_a_folder_that_cant_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeployError, match="the key can't be written"):
        make_key(tmp_path / "file" / "keys")
