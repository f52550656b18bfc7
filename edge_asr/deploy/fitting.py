"""What a board must be for a release to run there, compared with what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_asr.deploy.release import Release
from edge_asr.deploy.target import Target


def needs(target: Target, release: Release) -> str:
    """What the board must have, in words."""
    board = target.board
    packages = f", {' '.join(board.packages)}" if board.packages else ""
    return f"{release.machine}, Python {release.python}, glibc {board.glibc} or newer, {release.size / 1e6:.0f} MB free{packages}"


def unfit(probe: Mapping[str, Any], target: Target, release: Release) -> str:
    """The first reason why `release` can't run on the board that the agent's answer to `probe` describes; empty: none."""
    board = target.board
    if probe["machine"] != release.machine:
        other = "choose another --target: invoke targets lists them"
        return f"expected a board with {release.machine} (target {target.name}), found {probe['machine']}; {other}"
    if probe["python"] != release.python:
        setting = f"--set 'board.python=\"{probe['python']}\"' packs a release for it"
        return f"expected Python {release.python} as python3 (target {target.name}), found {probe['python']}; {setting}"
    if _version(probe["glibc"]) < _version(board.glibc):
        return f"expected glibc {board.glibc} or newer, found {probe['glibc'] or 'none'}; use a newer system, or another --target"
    if probe["missing_packages"]:
        missing = " ".join(probe["missing_packages"])
        return f"expected the packages {missing}, found them missing; on the board: sudo apt install {missing}"
    if not probe["systemd"]:
        return "expected systemd on the board, found no systemctl"
    if not probe["root"]:
        return (
            f"expected root or sudo without a password for {probe['user']}, found neither; on the board, with visudo: "
            f"{probe['user']} ALL=(root) NOPASSWD: ALL"
        )
    return ""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
