"""The board without the board: its system under qemu on this workstation."""

from __future__ import annotations

import sys
from pathlib import Path

from invoke import Context

from edge_asr.tasks.command import command

HELP = {
    "target": "name in targets/, or a TOML file",
    "bundle": "folder of the bundle",
    "wav": "WAV file to listen to, at the bundle's rate; without it the clip of the release's self-test",
    "cpu": "processor as qemu names it, like cortex-a53; without it the target's",
    "set_": "change a value of the target, like 'board.python=\"3.13\"'; as often as you like",
}


@command(stopped="The emulated system and the wheels that are there stay in .cache.", iterable=["set_"], help=HELP)
def emulate(
    _: Context, set_: list[str], target: str = "pi4", bundle: str = "models/commands12", wav: str = "", cpu: str = ""
) -> None:
    """Run the release for a target as its board would, under qemu, and compare it with this machine to the last bit."""
    from edge_asr.deploy.emulate import emulate
    from edge_asr.deploy.pack import CACHE
    from edge_asr.deploy.signing import public_key
    from edge_asr.deploy.target import load_target
    from edge_asr.tasks.targets import KEYS
    from edge_asr.training.console import progress_bars

    wanted, clip, key = load_target(target, set_), Path(wav) if wav else None, public_key(KEYS)
    failed = []
    with progress_bars() as progress:
        for result in emulate(Path(bundle), wanted, CACHE, clip=clip, cpu=cpu, public_key=key, progress=progress):
            print(f"{result.name}: {'ok' if result.ok else 'FAILED'}", *result.said, sep="\n    ", flush=True)
            failed += [] if result.ok else [result.name]
    if failed:
        print(f"invoke emulate: {', '.join(failed)} failed", file=sys.stderr)
        sys.exit(1)
