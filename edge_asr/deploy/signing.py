"""Keys of a workstation, and bundles signed with them. The private key never leaves the folder that it is made in."""

from __future__ import annotations

import base64
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from edge_asr.bundle.read_file import MANIFEST, MANIFEST_LIMIT, read_file
from edge_asr.bundle.signature import NEEDS, SIGNATURE, read_public_key, verify_signature
from edge_asr.bundle.store import read_bundle
from edge_asr.errors import BundleError, DeployError
from edge_asr.files import write_whole

PRIVATE, PUBLIC = "signing.key", "signing.pub"
"""Names in the folder of keys: PKCS #8 in PEM, readable by its owner alone, and 32 bytes in base64."""

_KEY_LIMIT = 1 << 14


def make_key(folder: Path) -> str:
    """Make an Ed25519 key in `folder`, which only its owner can read, and return its public half in base64.

    Raises `DeployError` when there is one already, the folder can't be written, or the package cryptography is missing.
    """
    private = _ed25519().Ed25519PrivateKey.generate()
    public = _public_text(private)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_secret(folder / PRIVATE, _pem(private))
        write_whole(folder / PUBLIC, f"{public}\n".encode())
    except FileExistsError as err:
        raise DeployError(f"{folder / PRIVATE}: there is a key already; boards trust it. Move it away to make another") from err
    except OSError as err:
        raise DeployError(f"{folder}: the key can't be written: {err}") from err
    return public


def public_key(folder: Path) -> str:
    """The public half of the key in `folder`, in base64; empty where there is none. Raises `DeployError` when it is damaged."""
    if not (folder / PUBLIC).exists():
        return ""
    try:
        return read_public_key(str(folder / PUBLIC))
    except BundleError as err:
        raise DeployError(str(err)) from err


def sign_bundle(bundle: Path, folder: Path) -> Path:
    """Sign the bundle in the folder `bundle` with the key in `folder`; an older signature is replaced. Returns the new one.

    Raises `BundleError` when the bundle is damaged, `DeployError` when the key is missing, readable by others, or no such key.
    """
    read_bundle(bundle)  # what is signed is whole
    private = _read_private(folder / PRIVATE)
    manifest = read_file(bundle, MANIFEST, MANIFEST_LIMIT)
    try:
        write_whole(bundle / SIGNATURE, base64.b64encode(private.sign(manifest)) + b"\n")
    except OSError as err:
        raise DeployError(f"{bundle / SIGNATURE}: the signature can't be written: {err}") from err
    verify_signature(bundle, _public_text(private))
    return bundle / SIGNATURE


def _read_private(path: Path) -> Any:
    ed25519 = _ed25519()
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise DeployError(f"{path}: others can read this key, so it is worth nothing: chmod 600 it, or make another")
            key = load_pem_private_key(file.read(_KEY_LIMIT), password=None)
    except FileNotFoundError as err:
        raise DeployError(f"{path}: expected a key to sign with, found none: invoke keys") from err
    except (OSError, ValueError, TypeError) as err:  # TypeError: it has a password
        raise DeployError(f"{path}: expected an Ed25519 key in PEM, without a password, found: {err}") from err
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise DeployError(f"{path}: expected an Ed25519 key, found another kind: invoke keys makes one")
    return key


def _write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all. Raises `FileExistsError` when there is one."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # unlike a rename, refuses to replace
    finally:
        Path(temporary).unlink()


def _pem(private: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem: bytes = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem


def _public_text(private: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return base64.b64encode(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as err:
        raise DeployError(f"{NEEDS}; the import said: {err}") from err
    return ed25519
