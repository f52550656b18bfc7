"""A release run as a board would run it, under qemu, and compared with this workstation to the last bit."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_asr.bundle.store import read_bundle
from edge_asr.deploy.emulator import Emulator, make_emulator
from edge_asr.deploy.pack import pack_release
from edge_asr.deploy.same import compare_events, compare_scores, events_of
from edge_asr.deploy.target import Target
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.accelerator import CPU
from edge_asr.runtime.board import read_settings
from edge_asr.runtime.clip_scores import clip_scores, read_at_rate
from edge_asr.runtime.release import BUNDLE, CLIP, LAUNCHER, SELFTEST, SETTINGS, SITE, Release
from edge_asr.runtime.run_arguments import run_arguments

PROCESSORS = {
    **dict.fromkeys(("pi-zero2w", "pi3", "coral-dev-board"), "cortex-a53"),
    **dict.fromkeys(("pi4", "pi4-coral"), "cortex-a72"),
    **dict.fromkeys(("pi5", "pi5-gpu"), "cortex-a76"),
    "pi3-armv7": "cortex-a7",  # of those that qemu has for 32 bits, the one with the instructions of a Cortex-A53
}
"""Of the shipped targets. It counts which instructions there are: XNNPACK and numpy choose their code by them."""
SAVE_SCORES = """
import sys, numpy
from pathlib import Path
from edge_asr.runtime.clip_scores import clip_scores
numpy.save(sys.argv[3], clip_scores(Path(sys.argv[1]), Path(sys.argv[2])))
"""
"""What the emulated Python runs: release, clip, target file."""


@dataclass(frozen=True)
class Result:
    """One thing that was tried."""

    name: str
    ok: bool
    said: tuple[str, ...]
    """Lines for people."""


def emulate(
    bundle: Path,
    target: Target,
    cache: Path,
    *,
    clip: Path | None = None,
    cpu: str = "",
    public_key: str = "",
    progress: Progress = no_progress,
) -> Iterator[Result]:
    """Pack the release that `deploy` would send to `target`, and try it in the target's system under qemu.

    `clip`: a WAV file at the bundle's rate to listen to; None: the release's own. `cache`: where the emulated system and the
    wheels stay. `cpu`: the processor, as qemu names it; empty: the target's, or one with all instructions where that is not
    known. `public_key`: as `pack_release` takes it.

    Raises `AudioError` for the clip, `DeployError` where the board can't be emulated here, and what `pack_release` raises.
    """
    cache = cache.absolute()
    if clip is not None:
        read_at_rate(clip, read_bundle(bundle).manifest.frontend.sample_rate)  # before all that takes long
    cpu = cpu or PROCESSORS.get(target.name, "")
    emulator = make_emulator(target.board, cache / "emulate", cpu=cpu, progress=progress)
    if target.run.accelerator != CPU:
        yield Result("target", True, (f"{target.run.accelerator.delegate} can't be emulated: the release is packed for the CPU",))
        target = replace(target, run=replace(target.run, form="", accelerator=CPU))
    exact = target.board.interpreter == "ai-edge-litert"
    if not exact:
        yield Result("target", True, (f"{target.board.interpreter} has other kernels than this workstation: last bits differ",))
    with tempfile.TemporaryDirectory(dir=cache / "emulate", prefix=".release-") as folder:
        release = pack_release(bundle, target, Path(folder), cache=cache, public_key=public_key, progress=progress)
        size = f"{len(release.files)} files, {release.size / 1e6:.1f} MB"
        yield Result("release", True, (f"{release.id}: {size}; emulated on {cpu or f'any {target.board.machine}'}",))
        yield from try_release(release, emulator, clip or release.path / SELFTEST / CLIP, exact=exact, progress=progress)


def try_release(
    release: Release, emulator: Emulator, clip: Path, *, exact: bool = True, progress: Progress = no_progress
) -> Iterator[Result]:
    """Run the doctor, the self-test and the listening command of `release` under `emulator`; the last one here as well.

    What the two hear in `clip`, a WAV file, must be equal, and every score of the model too, bit for bit. Not `exact`: the board
    has other kernels; labels and texts must be equal, and in the self-test scores within its tolerance.
    """
    with tempfile.TemporaryDirectory() as folder:
        board = _Board(release, emulator, Path(folder))
        progress("emulate doctor", 0, 4)
        yield board.check("doctor", f"--bundle={release.path / BUNDLE}")
        progress("emulate selftest", 1, 4)
        yield board.check("selftest", "--no-budgets", *(["--exact"] if exact else []))
        progress("emulate listen", 2, 4)
        yield _listen(board, clip, exact)
        progress("emulate scores", 3, 4)
        if exact:
            yield _scores(board, clip)
        progress("emulate", 4, 4)


@dataclass(frozen=True)
class _Board:
    """The release on its emulated board."""

    release: Release
    emulator: Emulator
    work: Path
    """A folder of its own."""

    def run(self, command: Sequence[str], path: str = "") -> subprocess.CompletedProcess[str]:
        return self.emulator.run(command, pycache=self.work / "pycache", path=path)

    def edge_asr(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run([str(self.release.path / LAUNCHER), *arguments])

    def check(self, *arguments: str) -> Result:
        done = self.edge_asr(*arguments)
        return Result(arguments[0], done.returncode == 0, (*done.stdout.splitlines(), *_failure(done)))


def _listen(board: _Board, clip: Path, exact: bool) -> Result:
    settings, bundle = read_settings(board.release.path / SETTINGS), read_bundle(board.release.path / BUNDLE)
    command = "transcribe" if bundle.manifest.kind == "speech" else "listen"
    arguments = [command, f"--bundle={bundle.path}", f"--input={clip.absolute()}", "--json", *run_arguments(settings.run)]
    there = board.edge_asr(*arguments)
    here = subprocess.run(
        [sys.executable, "-m", "edge_asr.cli", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if there.returncode or here.returncode:
        return Result(command, False, (*_failure(there), *_failure(here)))
    equal, lines = compare_events(events_of(there.stdout), events_of(here.stdout), exact=exact)
    return Result(command, equal, lines)


def _scores(board: _Board, clip: Path) -> Result:
    release, saved = board.release.path, board.work / "scores.npy"
    done = board.run(["python3", "-c", SAVE_SCORES, str(release), str(clip.absolute()), str(saved)], str(release / SITE))
    if done.returncode:
        return Result("scores", False, _failure(done))
    equal, line = compare_scores(np.load(saved, allow_pickle=False), clip_scores(release, clip))
    return Result("scores", equal, (line,))


def _failure(done: subprocess.CompletedProcess[str]) -> tuple[str, ...]:
    """What a command says about why it failed; nothing when it did not."""
    if done.returncode < 0:
        return (f"ended by {signal.Signals(-done.returncode).name}", *done.stderr.splitlines()[-3:])
    return tuple(done.stderr.splitlines()[-3:]) if done.returncode else ()
