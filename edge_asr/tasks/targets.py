"""The commands of targets and signatures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from invoke import Context

from edge_asr.errors import DeployError
from edge_asr.progress import Progress
from edge_asr.tasks.command import command
from edge_asr.training.console import progress_bars

if TYPE_CHECKING:
    from edge_asr.deploy.profile import Profile
    from edge_asr.deploy.target import Target

BOARDS = Path("benchmarks") / "boards"
KEYS = Path.home() / ".config" / "edge-asr"
"""Where the workstation's signing key is."""


@command(
    iterable=["set_"],
    help={
        "target": "only this one (name or TOML file), in full",
        "bundle": "bundle to check against it; without, every shipped one",
        "set_": "change a value of --target, like run.threads=2; as often as you like",
    },
)
def targets(_: Context, set_: list[str], target: str = "", bundle: str = "") -> None:
    """The boards that there are settings for, and which bundles fit them."""
    from edge_asr.bundle.store import read_bundle
    from edge_asr.deploy.signing import public_key
    from edge_asr.deploy.target import list_targets, load_target
    from edge_asr.deploy.targets_text import target_text, targets_text

    key = public_key(KEYS)
    if target:
        chosen = load_target(target, set_)
        print(target_text(chosen, read_bundle(Path(bundle)) if bundle else None, key))
        return
    shipped = sorted(manifest.parent for manifest in Path("models").glob("*/manifest.json"))
    print(targets_text(list_targets(), [read_bundle(path) for path in ([Path(bundle)] if bundle else shipped)], key))


@command(help={"folder": "where the key is; without it ~/.config/edge-asr"})
def keys(_: Context, folder: str = "") -> None:
    """The workstation's signing key; made where there is none. Its public half goes to boards, the private one nowhere."""
    from edge_asr.deploy.signing import PRIVATE, make_key, public_key

    place = Path(folder or KEYS)
    print(f"public key   {public_key(place) or make_key(place)}")
    print(f"private key  {place / PRIVATE} (keep it, and keep it to yourself)")


@command(help={"bundle": "bundle to sign", "folder": "where the key is; without it ~/.config/edge-asr"})
def sign(_: Context, bundle: str, folder: str = "") -> None:
    """Sign a bundle, for targets that require it."""
    from edge_asr.deploy.signing import public_key, sign_bundle

    place = Path(folder or KEYS)
    print(f"{sign_bundle(Path(bundle), place)} has it. Check: edge-asr info {bundle} --public-key {public_key(place)}")


@command(
    iterable=["set_"],
    help={
        "target": "what the board should be (name or TOML file)",
        "host": "user@board; this machine without it",
        "bundle": "what should run there; needed without --host",
        "set_": "change a value of the target, like run.threads=2; as often as you like",
    },
)
def profile(_: Context, set_: list[str], target: str, host: str = "", bundle: str = "") -> None:
    """Measure the bundle on a board: CPU, step time, memory, start-up; beside the target's budgets and the last time."""
    from edge_asr.deploy.profile_file import keep_profile, read_history
    from edge_asr.deploy.profile_text import profile_text
    from edge_asr.deploy.target import load_target

    chosen = load_target(target, set_)
    file = BOARDS / f"{chosen.name}.json"
    history = read_history(file, chosen.name)
    with progress_bars() as progress:
        measured = _measured(chosen, host, bundle, progress)
    keep_profile(file, history, measured)
    print(profile_text(measured, chosen.budgets, history.last(measured.bundle)))
    print(f"{file} has it.")


def _measured(target: Target, host: str, bundle: str, progress: Progress) -> Profile:
    from edge_asr.bundle.store import read_bundle
    from edge_asr.deploy.connection import Board
    from edge_asr.deploy.profile import profile_machine
    from edge_asr.deploy.this_machine import ThisMachine

    expected = read_bundle(Path(bundle)) if bundle else None
    if host:
        with Board(host, target.folder) as board:
            return profile_machine(board, target, f"{target.folder}/current/bundle", expected=expected, progress=progress)
    if expected is None:
        raise DeployError("expected --host user@board, or --bundle FOLDER to measure it on this machine, found neither")
    return profile_machine(ThisMachine(), target, bundle, progress=progress)
