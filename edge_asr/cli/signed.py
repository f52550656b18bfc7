"""`--public-key`: bundles that run only if they are signed."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_asr.bundle.signature import read_public_key
from edge_asr.bundle.store import Bundle, read_bundle


def add_key_argument(parser: argparse.ArgumentParser) -> None:
    """`--public-key`."""
    parser.add_argument(
        "--public-key", metavar="KEY|FILE", help="take only bundles that are signed with this key (Ed25519, in base64)"
    )


def read_allowed(path: Path, args: argparse.Namespace) -> Bundle:
    """The bundle in the folder `path`, if its signature is as the arguments want it. Raises `BundleError`."""
    key = None if args.public_key is None else read_public_key(args.public_key)
    return read_bundle(path, public_key=key)
