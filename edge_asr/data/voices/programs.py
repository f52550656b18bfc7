"""Synthesisers that are programs: found on the path, run without a shell and with a time limit."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from edge_asr.data.voices.sound_files import load_soundfile
from edge_asr.data.voices.voice import Speech
from edge_asr.errors import SynthesisError

SECONDS = 60.0
"""A phrase takes a program well below one second; this is for a machine under load."""
TOLD = 300
"""Characters of a program's complaint that go into the error."""


class Output(NamedTuple):
    """What a program wrote."""

    text: str
    complaint: str
    """Its standard error, shortened to one line."""


def program_path(name: str, how_to_get: str) -> str:
    """Where `name` is. Raises `SynthesisError` when it is not on the path."""
    path = shutil.which(name)
    if path is None:
        raise SynthesisError(f"the program {name} is not installed; {how_to_get}")
    return path


def run_program(arguments: Sequence[str], content: bytes = b"", *, seconds: float = SECONDS) -> Output:
    """Run a program with `content` as its standard input. Raises `SynthesisError` when it fails or takes too long."""
    name = Path(arguments[0]).name
    try:
        done = subprocess.run(arguments, input=content, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as err:
        raise SynthesisError(f"{name} has not finished after {seconds:g} s; try fewer workers") from err
    except (OSError, ValueError) as err:
        raise SynthesisError(f"{name} can't be run: {err}") from err
    output = Output(done.stdout.decode(errors="replace"), " ".join(done.stderr.decode(errors="replace").split())[-TOLD:])
    if done.returncode:
        raise SynthesisError(f"{name} failed with code {done.returncode}: {output.complaint or 'it did not say why'}")
    return output


def speech_file(command: Callable[[str], Sequence[str]], content: bytes = b"") -> Speech:
    """The speech that a program writes into a file: `command` gives its arguments for the file's path.

    Raises `SynthesisError`, also for a program that fails but does not say so in its exit code.
    """
    with tempfile.TemporaryDirectory(prefix="speech") as folder:
        path = Path(folder) / "speech.wav"
        arguments = command(str(path))
        output = run_program(arguments, content)
        try:
            return _read(path)
        except (OSError, RuntimeError, SynthesisError) as err:
            reason = output.complaint or (str(err) if isinstance(err, SynthesisError) else "no readable sound file")
            raise SynthesisError(f"{Path(arguments[0]).name} made no speech: {reason}") from err


def _read(path: Path) -> Speech:
    samples, rate = load_soundfile().read(path, dtype="float32", always_2d=True)
    if not len(samples):
        raise SynthesisError("a sound file without samples")
    return Speech(samples[:, 0], rate)
