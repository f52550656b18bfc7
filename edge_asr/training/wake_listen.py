"""Letting a bundle hear recordings and hours of audio, in several processes, as its streams would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.audio_file import read_audio
from edge_asr.data.cache import file_state
from edge_asr.data.clips import LeftOut
from edge_asr.data.negatives import Window, load_window
from edge_asr.errors import AudioError, DataError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.runtime.speech_span import Span
from edge_asr.training.conditions import PAD_SECONDS, to_int16
from edge_asr.training.positives import Positive, word_span
from edge_asr.training.rendering import Rendering
from edge_asr.training.trace import Replay, Timing, Trace, take_trace
from edge_asr.training.trace_files import Arrays, heard
from edge_asr.training.wake_score import FalseAccept, NegativeScores, PositiveScores, ScoredClip, ScoredStream

BATCH_SECONDS = 600.0
"""Streams are heard in batches of about so long: what an interruption loses at most."""


def score_positives(
    bundle: Path,
    positives: Sequence[Positive],
    folder: Path,
    rendering: Rendering,
    *,
    workers: int = 1,
    progress: Progress = no_progress,
) -> PositiveScores:
    """Let `bundle` hear `positives` under each condition of `rendering`; what it says is kept in files below `folder`.

    Raises `DataError` when no recording can be read, and as `trace_files.heard` and `load_engine` do.
    """
    engine = load_engine(bundle)
    keys = {repr([str(one.path), *file_state(one.path), rendering.about]): one for one in positives}
    said = heard(bundle, _HearClip(rendering), keys, folder, workers=workers, what="recordings", progress=progress)
    left_out = [LeftOut(keys[key].path, str(arrays["why"])) for key, arrays in said.items() if "why" in arrays]
    usable = [(keys[key], arrays) for key, arrays in said.items() if "why" not in arrays]
    if not usable:
        why = f"; the first of {len(left_out)} is {left_out[0].path}: {left_out[0].why}" if left_out else ""
        raise DataError(f"expected recordings of the words, found none that can be read{why}")
    clips = {
        condition.name: tuple(
            ScoredClip(one, Span(*arrays["word"].tolist()), _replay(arrays["posteriors"][at], arrays["place"], engine))
            for one, arrays in usable
        )
        for at, condition in enumerate(rendering.conditions)
    }
    return PositiveScores(clips, tuple(left_out))


def score_negatives(
    bundle: Path, streams: Sequence[Window], folder: Path, *, workers: int = 1, progress: Progress = no_progress
) -> NegativeScores:
    """Let `bundle` hear `streams` (as `edge_asr.data.negatives.streams` plans them); kept in files below `folder`.

    Raises `DataError` when nothing can be read, and as `trace_files.heard` and `load_engine` do.
    """
    engine = load_engine(bundle)
    keys = {repr([_about(window) for window in batch]): batch for batch in _batches(streams)}
    said = heard(bundle, _hear_streams, keys, folder, workers=workers, what="negatives", progress=progress)
    left_out: list[LeftOut] = []
    scored: list[ScoredStream] = []
    for key, arrays in said.items():
        broken = [LeftOut(Path(str(path)), str(why)) for path, why in arrays["broken"]]
        left_out += broken
        parts = np.split(arrays["posteriors"], np.cumsum(arrays["steps"])[:-1])
        for window, posteriors, place in zip(keys[key], parts, arrays["place"]):
            scored += _scored(window, _replay(posteriors, place, engine), {item.path for item in broken})
    if not scored:
        why = f"; the first of {len(left_out)} is {left_out[0].path}: {left_out[0].why}" if left_out else ""
        raise DataError(f"expected audio without the words, found none that can be read{why}")
    return NegativeScores(tuple(scored), tuple(left_out))


def find_false_accepts(
    engine: Engine, streams: Sequence[Window], threshold: float, *, progress: Progress = no_progress
) -> tuple[FalseAccept, ...]:
    """What `engine` detects in `streams` at `threshold` for every label, in order: one stream in memory, nothing on disk.

    Files that can't be read are left out.
    """
    detect = replace(engine.manifest.detect, threshold=threshold, thresholds={})
    timing = Timing.of(engine)
    found: list[FalseAccept] = []
    for done, window in enumerate(streams):
        progress("false accepts", done, len(streams))
        broken: list[LeftOut] = []
        trace = _hear(engine, window, broken)
        for stream in _scored(window, Replay(trace, timing, detect.smoothing_ms), {item.path for item in broken}):
            found += stream.false_accepts(detect)
    progress("false accepts", len(streams), len(streams))
    return tuple(found)


@dataclass(frozen=True)
class _HearClip:
    """A recording under each condition, and where its word lies; or why it can't be read."""

    rendering: Rendering

    def __call__(self, engine: Engine, positive: Positive) -> Arrays:
        rendering = self.rendering
        try:
            samples = read_audio(positive.path, rendering.sample_rate)
        except AudioError as err:
            return {"why": np.array(str(err).removeprefix(f"{positive.path}: "))}
        traces = [take_trace(engine, [rendering.sound(positive.name, samples, one)]) for one in rendering.conditions]
        word = word_span(samples, rendering.sample_rate)
        return {
            "posteriors": np.stack([trace.posteriors for trace in traces]),
            "place": np.array([traces[0].first_end, traces[0].samples]),
            "word": np.array([word.start, word.end]) + PAD_SECONDS,
        }


def _hear_streams(engine: Engine, batch: Sequence[Window]) -> Arrays:
    broken: list[LeftOut] = []
    traces = [_hear(engine, window, broken) for window in batch]
    return {
        "posteriors": np.concatenate([trace.posteriors for trace in traces]),
        "steps": np.array([len(trace.posteriors) for trace in traces]),
        "place": np.array([[trace.first_end, trace.samples] for trace in traces]),
        "broken": np.array([[str(item.path), item.why] for item in broken], np.str_).reshape(-1, 2),
    }


def _hear(engine: Engine, window: Window, broken: list[LeftOut]) -> Trace:
    return take_trace(engine, [to_int16(load_window(window, engine.manifest.frontend.sample_rate, broken=broken.append))])


def _replay(posteriors: NDArray[np.float32], place: NDArray[np.int64], engine: Engine) -> Replay:
    """`place`: where the first step ends, and the samples that were heard."""
    return Replay(Trace(posteriors, *place.tolist()), Timing.of(engine), engine.manifest.detect.smoothing_ms)


def _scored(window: Window, replay: Replay, broken: set[Path]) -> list[ScoredStream]:
    """The stream without its broken files; none where nothing else is in it."""
    pieces = tuple(piece for piece in window.pieces if piece.clip.path not in broken)
    return [ScoredStream(replace(window, pieces=pieces), replay)] if pieces else []


def _about(window: Window) -> list[object]:
    return [[str(piece.clip.path), *file_state(piece.clip.path), piece.start, piece.seconds, piece.at] for piece in window.pieces]


def _batches(streams: Sequence[Window]) -> Iterator[tuple[Window, ...]]:
    batch: list[Window] = []
    for window in streams:
        batch.append(window)
        if sum(one.seconds for one in batch) >= BATCH_SECONDS:
            yield tuple(batch)
            batch = []
    if batch:
        yield tuple(batch)
