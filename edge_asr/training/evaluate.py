"""Measuring a bundle: its own engine answers for labelled clips, and the answers are counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.clips import LeftOut
from edge_asr.errors import AudioError, DataError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.engine import Engine
from edge_asr.training.labelled import LabelledClip
from edge_asr.training.metrics import ClassScore, Proportion, accuracy, class_scores, confusion_matrix


@dataclass(frozen=True)
class Mistake:
    """A clip that was answered wrong."""

    clip: LabelledClip
    got: str
    score: float
    """Posterior of `got`, 0 to 1."""


@dataclass(frozen=True)
class Evaluation:
    """What a bundle answered for a set of labelled clips."""

    bundle: str
    """Name of the bundle."""
    model_sha256: str
    model_bytes: int
    interpreter: str
    """Package, version and kernels that ran it: the last bits depend on them."""
    sample_rate: int
    """Hz."""
    clip_samples: int
    """Samples of the part of each clip that is judged."""
    data: str
    """Name of the clips' source."""
    labels: tuple[str, ...]
    confusion: NDArray[np.int64]
    """(labels, labels): rows what was said, columns what was answered."""
    mistakes: tuple[Mistake, ...]
    """All wrong answers, the surest first."""
    speakers: int
    """Different speakers, among the clips whose speaker is known."""
    seconds: float
    """Sound in all clips, in seconds."""
    left_out: tuple[LeftOut, ...] = ()
    """Files that were not judged, and why."""

    @property
    def accuracy(self) -> Proportion:
        """Right answers of all clips."""
        return accuracy(self.confusion)

    @property
    def classes(self) -> tuple[ClassScore, ...]:
        """Recall and precision of each label."""
        return class_scores(self.confusion, self.labels)

    @property
    def clips(self) -> int:
        """Clips that were judged."""
        return int(self.confusion.sum())


def evaluate(
    engine: Engine,
    clips: Iterable[LabelledClip],
    *,
    data: str = "",
    left_out: Sequence[LeftOut] = (),
    progress: Progress = no_progress,
) -> Evaluation:
    """Let `engine` classify every clip, one at a time: no more than one is in memory.

    `data` names the source of the clips; `left_out` are files that their reader has already refused. A clip that can't be
    read is left out too and named. Raises `DataError` when a clip's label is none of the engine's, or no clip is left.
    """
    index = {label: i for i, label in enumerate(engine.labels)}
    total = len(clips) if isinstance(clips, Sized) else 0
    wanted, got, mistakes, refused = [], [], [], list(left_out)
    speakers, samples_heard = set(), 0
    for done, clip in enumerate(clips, start=1):
        progress("evaluating", done, total)
        if clip.label not in index:
            raise DataError(f"{clip.name}: expected a label of the bundle ({', '.join(index)}), found {clip.label!r:.80}")
        try:
            samples = clip.load()
            posterior = engine.classify(samples)
        except AudioError as err:
            refused.append(LeftOut(Path(clip.name), str(err).removeprefix(f"{clip.name}: ")))
            continue
        answer = int(np.argmax(posterior))
        wanted.append(index[clip.label])
        got.append(answer)
        if engine.labels[answer] != clip.label:
            mistakes.append(Mistake(clip, engine.labels[answer], float(posterior[answer])))
        speakers.add(clip.speaker)
        samples_heard += len(samples)
    if not wanted:
        raise DataError(f"{data or 'evaluation'}: expected clips to judge, found none that can be read{_reasons(refused)}")
    model, interpreter = engine.model, engine.interpreter.description
    return Evaluation(
        bundle=engine.manifest.name,
        model_sha256=model.sha256,
        model_bytes=model.size,
        interpreter=f"{interpreter.package} {interpreter.version}, {interpreter.kernels} kernels",
        sample_rate=engine.manifest.frontend.sample_rate,
        clip_samples=engine.clip_samples,
        data=data,
        labels=tuple(engine.labels),
        confusion=confusion_matrix(wanted, got, len(index)),
        mistakes=tuple(sorted(mistakes, key=lambda m: (-m.score, m.clip.name))),
        speakers=len(speakers - {None}),
        seconds=samples_heard / engine.manifest.frontend.sample_rate,
        left_out=tuple(refused),
    )


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Everything in `evaluation` as plain lists, numbers and texts, for `json.dumps`."""
    return {
        "bundle": evaluation.bundle,
        "model_sha256": evaluation.model_sha256,
        "model_bytes": evaluation.model_bytes,
        "interpreter": evaluation.interpreter,
        "data": evaluation.data,
        "clips": evaluation.clips,
        "speakers": evaluation.speakers,
        "seconds": evaluation.seconds,
        "accuracy": proportion_json(evaluation.accuracy),
        "labels": list(evaluation.labels),
        "confusion": evaluation.confusion.tolist(),
        "classes": [
            {"label": c.label, "recall": proportion_json(c.recall), "precision": proportion_json(c.precision)}
            for c in evaluation.classes
        ],
        "mistakes": [
            {"clip": m.clip.name, "speaker": m.clip.speaker, "wanted": m.clip.label, "got": m.got, "score": m.score}
            for m in evaluation.mistakes
        ],
        "left_out": [{"path": str(item.path), "why": item.why} for item in evaluation.left_out],
    }


def proportion_json(proportion: Proportion) -> dict[str, Any]:
    """A share with its interval, for `json.dumps`; None where there is nothing to count."""
    interval = proportion.interval
    return {
        "value": proportion.value,
        "interval95": None if interval is None else list(interval),
        "hits": proportion.hits,
        "total": proportion.total,
    }


def _reasons(refused: Sequence[LeftOut]) -> str:
    return f"; the first of {len(refused)} that were left out: {refused[0].path}: {refused[0].why}" if refused else ""
