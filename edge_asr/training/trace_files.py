"""Traces on disk: one small file for some clips or streams, made by several processes, kept for the next time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.cache import key_of
from edge_asr.data.pool import run_jobs
from edge_asr.errors import DataError
from edge_asr.files import write_whole
from edge_asr.progress import Progress
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.runtime.speech_engine import SpeechEngine

Arrays: TypeAlias = Mapping[str, NDArray[Any]]
AnyEngine: TypeAlias = Engine | SpeechEngine
Hear: TypeAlias = Callable[[Any, Any], Arrays]
"""What an engine, of the kind that is loaded, says to a subject, as arrays. A function of a module, or a small object: it is
pickled."""


@dataclass(frozen=True)
class TraceJob:
    """What is to be heard, and the file for what the engine says."""

    subject: Any
    target: Path


@dataclass(frozen=True)
class Listener:
    """Lets a bundle's engine hear subjects; each process loads its own, on one thread."""

    bundle: Path
    hear: Hear
    load: Callable[[Path], AnyEngine]

    @cached_property
    def engine(self) -> AnyEngine:
        """The engine of the process that it is in."""
        return self.load(self.bundle)

    def run(self, job: TraceJob) -> None:
        """Do `job` unless it is done already."""
        if _read(job.target) is None:
            content = io.BytesIO()
            np.savez(content, allow_pickle=False, **self.hear(self.engine, job.subject))
            write_whole(job.target, content.getvalue(), sync=False)


def heard(
    bundle: Path,
    hear: Hear,
    subjects: Mapping[str, Any],
    folder: Path,
    *,
    workers: int,
    what: str,
    progress: Progress,
    load: Callable[[Path], AnyEngine] = load_engine,
) -> dict[str, Arrays]:
    """What `bundle` says to each of `subjects`, whose keys tell all that `hear` depends on but for the bundle.

    Each lies in a file below `folder` as soon as it is known, and is not made again: an interrupted measurement goes on, and
    one with other thresholds needs no listening at all. Raises `DataError` when `folder` can't be written or read again.
    """
    engine = load(bundle)
    manifest = engine.manifest
    models = [model.sha256 for model in manifest.models]
    about = [asdict(engine.interpreter.description), models, asdict(manifest.frontend), manifest.detect.step_ms]
    jobs = [TraceJob(subject, folder / f"{key_of(key, *about)}.npz") for key, subject in subjects.items()]
    progress(what, 0, len(jobs))
    try:
        with closing(run_jobs(Listener(bundle, hear, load), jobs, workers)) as finished:
            for done, _ in enumerate(finished, start=1):
                progress(what, done, len(jobs))
        found = {key: _read(job.target) for key, job in zip(subjects, jobs)}
    except OSError as err:
        raise DataError(f"{folder}: expected a place to keep posteriors, could not write there: {err}") from err
    complete = {key: arrays for key, arrays in found.items() if arrays is not None}
    if len(complete) < len(jobs):
        raise DataError(f"{folder}: what was written there is not what can be read; is the disk full or failing?")
    return complete


def _read(path: Path) -> Arrays | None:
    """The arrays in a file, or None where there is none or it is damaged (its zip checksums tell)."""
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
