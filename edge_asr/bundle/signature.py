"""Signatures of bundles: Ed25519 (RFC 8032) over the bytes of the manifest, which holds the hashes of all other files."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from edge_asr.bundle.read_file import MANIFEST, MANIFEST_LIMIT, read_file
from edge_asr.errors import BundleError

SIGNATURE = "manifest.sig"
"""Beside the manifest: 64 bytes in base64, and a line's end."""
NEEDS = "signatures need the package cryptography: pip install cryptography, or apt install python3-cryptography"

_SIGNATURE_BYTES, _KEY_BYTES = 64, 32
_FILE_LIMIT = 1024
"""Bytes of a file with a signature or a key in it."""


def verify_signature(bundle_folder: Path, public_key: str, manifest: bytes | None = None) -> None:
    """Check that the manifest in `bundle_folder` is signed with the key whose public half is `public_key`, 32 bytes in base64.

    `manifest`: its bytes, where they were read already. That the other files fit it is for `read_bundle` to check.
    Raises `BundleError` when the signature is missing or wrong, the key is none, or the package cryptography is missing.
    """
    folder = Path(bundle_folder)
    key = _decode(public_key, _KEY_BYTES)
    if key is None:
        raise BundleError(
            f"expected a public key, {_KEY_BYTES} bytes in base64 (invoke keys shows yours), found {public_key!r:.80}"
        )
    if not (folder / SIGNATURE).is_file():
        raise BundleError(f"{folder}: expected a signed bundle, found no {SIGNATURE}: invoke sign --bundle {folder}")
    signature = _decode(_text(read_file(folder, SIGNATURE, _FILE_LIMIT)), _SIGNATURE_BYTES)
    if signature is None:
        raise BundleError(
            f"{folder / SIGNATURE}: expected {_SIGNATURE_BYTES} bytes in base64, found something else: copy it again"
        )
    content = read_file(folder, MANIFEST, MANIFEST_LIMIT) if manifest is None else manifest
    if not _fits(key, signature, content):
        raise BundleError(
            f"{folder}: the signature is not of this manifest with this key: the bundle was changed after it was signed, or "
            f"somebody else signed it. It does not run; if it is yours, invoke sign --bundle {folder}"
        )


def read_public_key(named: str) -> str:
    """A public key in base64: `named` itself, or what stands in the file of that name. Raises `BundleError` for neither."""
    if _decode(named, _KEY_BYTES) is not None:
        return named
    try:
        with Path(named).open("rb") as file:
            text = _text(file.read(_FILE_LIMIT)).strip()
    except (OSError, ValueError) as err:  # ValueError: a zero byte
        raise BundleError(f"{named!r:.120}: expected a public key in base64, or a file with one, found neither: {err}") from err
    if _decode(text, _KEY_BYTES) is None:
        raise BundleError(f"{named}: expected a public key, {_KEY_BYTES} bytes in base64, found something else")
    return text


def _fits(key: bytes, signature: bytes, content: bytes) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as err:
        raise BundleError(f"{NEEDS}; the import said: {err}") from err
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _decode(text: str, count: int) -> bytes | None:
    """The `count` bytes that `text` is in base64; None if it is not."""
    try:
        content = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return None
    return content if len(content) == count else None


def _text(content: bytes) -> str:
    return content.decode("ascii", errors="replace")
