"""Spoken phrases: one FLAC file each, made in parallel and kept, so that no phrase is ever spoken twice."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.level import active_rms, decibels, limit
from edge_asr.data.pool import run_jobs
from edge_asr.data.voices import say
from edge_asr.data.voices.jobs import PhraseJob, draw_jobs
from edge_asr.data.voices.sound_files import load_soundfile
from edge_asr.data.voices.voice import Voice
from edge_asr.errors import DataError, SynthesisError
from edge_asr.files import write_whole
from edge_asr.frontend.resample import resample
from edge_asr.progress import Progress, no_progress

__all__ = ["PhraseJob", "SpokenPhrase", "draw_jobs", "speak_phrases"]

SAMPLE_RATE = 16000
"""Hz, of the files."""
MARGIN = 0.1
"""Seconds before and behind the phrase in its file: what the engine made there, or silence."""
QUIET_DB = -35.0
"""The phrase begins and ends where it first and last reaches this level relative to its loudest 10 ms."""
FRAME = 160
"""Samples: 10 ms."""
FAINT = 1e-4
"""What nowhere exceeds this is no speech: -80 dBFS."""
LEVEL_DB = -20.0
"""dBFS of the speech in every file (active RMS): engines differ by 20 dB, and how loud a speaker is gets drawn later."""
MOST_LEFT_OUT = 0.1
"""Share of the jobs that may fail."""


@dataclass(frozen=True)
class SpokenPhrase:
    """A phrase in a file."""

    path: Path
    text: str
    voice: Voice
    start: float
    """Seconds; where the phrase begins in the file, by its level."""
    end: float

    @property
    def licence(self) -> str:
        """That of its synthesiser and voice."""
        return self.voice.licence


@dataclass(frozen=True)
class _Speaker:
    """What each process needs."""

    folder: Path

    def run(self, job: PhraseJob) -> None:
        """Say it into its file; there is none when its engine fails."""
        try:
            _speak(job, self.folder)
        except SynthesisError:
            return  # counted, and said again for its reason where it is one of many


def speak_phrases(
    jobs: Sequence[PhraseJob], folder: Path, *, workers: int = 1, progress: Progress = no_progress
) -> tuple[SpokenPhrase, ...]:
    """Every job's phrase, in order, each in the file DIGEST.flac below `folder`: 16 kHz, mono, at `LEVEL_DB`.

    What is there already is not spoken again, so a run that was interrupted goes on where it was. A phrase that its engine
    can't say is left out; raises `SynthesisError` with the reason when that are more than a tenth, and `DataError` when a
    file can't be written. `workers`: processes.
    """
    missing = [job for job in jobs if _find(job, folder) is None]
    done = len(jobs) - len(missing)
    progress("speaking", done, len(jobs))
    with closing(run_jobs(_Speaker(folder), missing, workers)) as finished:
        for _ in finished:
            done += 1
            progress("speaking", done, len(jobs))
    spoken = {job: _find(job, folder) for job in jobs}
    silent = [job for job, phrase in spoken.items() if phrase is None]
    if len(silent) > MOST_LEFT_OUT * len(jobs):
        _speak(silent[0], folder)
        raise SynthesisError(f"{len(silent)} of {len(jobs)} phrases failed, the first of them not when said again; try it again")
    return tuple(phrase for job in jobs if (phrase := spoken[job]) is not None)


def phrase_bounds(samples: NDArray[np.float32]) -> tuple[int, int]:
    """The first sample of the phrase in `samples`, (n,) at `SAMPLE_RATE`, and the one behind its last: to 10 ms.

    For speech without noise, as synthesisers make it. Raises `SynthesisError` when there is only silence.
    """
    frames = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME)
    level = np.sqrt(np.square(frames, dtype=np.float64).mean(axis=1))
    if not len(level) or level.max() < FAINT:
        raise SynthesisError("expected speech, found silence")
    loud = np.flatnonzero(level >= level.max() * decibels(QUIET_DB))
    return int(loud[0]) * FRAME, min(len(samples), (int(loud[-1]) + 1) * FRAME)


def _speak(job: PhraseJob, folder: Path) -> None:
    speech = say(job.text, job.voice, job.delivery)
    samples = resample(speech.samples, speech.sample_rate, SAMPLE_RATE)
    start, end = phrase_bounds(samples)
    margin = round(MARGIN * SAMPLE_RATE)
    cut = np.pad(samples, margin)[start : end + 2 * margin]
    level = active_rms(cut, SAMPLE_RATE)
    try:
        write_whole(_path(job, folder), _flac(limit(cut * np.float32(decibels(LEVEL_DB) / level))), sync=False)
    except OSError as err:
        raise DataError(f"{folder}: can't be written: {err}") from err


def _find(job: PhraseJob, folder: Path) -> SpokenPhrase | None:
    """What an earlier run left; its margins tell where the phrase is."""
    soundfile = load_soundfile()
    path = _path(job, folder)
    try:
        seconds = soundfile.info(path).duration if path.is_file() else 0.0
    except soundfile.SoundFileError:
        return None  # cut off by a power failure
    return SpokenPhrase(path, job.text, job.voice, MARGIN, seconds - MARGIN) if seconds > 2 * MARGIN else None


def _path(job: PhraseJob, folder: Path) -> Path:
    return folder / f"{job.digest}.flac"


def _flac(samples: NDArray[np.float32]) -> bytes:
    content = io.BytesIO()
    load_soundfile().write(content, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return content.getvalue()
