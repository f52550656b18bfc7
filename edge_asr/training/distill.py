"""What teachers say about training clips, for distillation (Hinton et al., arXiv 1503.02531)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edge_asr.errors import TrainingError
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.engine import load_engine
from edge_asr.training.learner import PREDICT_BATCH, predict
from edge_asr.training.loss import soft_labels, softmax
from edge_asr.training.run_folder import RunFolder

if TYPE_CHECKING:
    from edge_asr.data.tables import FeatureTable

Array: TypeAlias = npt.NDArray[Any]

LEAST_POSTERIOR = 1e-7
"""Posteriors below count as this: its logarithm is still precise in float16."""


@dataclass(frozen=True)
class Teacher:
    """A trained network: a run folder's (float) or a bundle's (int8)."""

    path: Path
    frontend: FrontendSpec
    labels: tuple[str, ...]
    window: tuple[int | None, int]
    """Frames and features of its input."""
    posteriors: Callable[[Array], Array]
    """Features (clips, frames, features) to posteriors (clips, labels)."""


def load_teacher(path: Path) -> Teacher:
    """Load a run folder or a bundle. Raises `TrainingError`, `ConfigError` or `BundleError` for what can't be loaded."""
    if (path / "manifest.json").exists():
        engine = load_engine(path)
        window = (engine.window_frames, engine.manifest.frontend.features)

        def by_engine(features: Array) -> Array:
            return np.stack([engine.posteriors(clip) for clip in features.astype(np.float32)])

        return Teacher(path, engine.manifest.frontend, engine.labels, window, by_engine)
    if not (path / "weights.npz").exists():
        raise TrainingError(f"{path}: expected a teacher (a bundle or a run folder with weights), found none")
    folder = RunFolder(path)
    recipe, model = folder.recipe(), folder.model()

    def by_network(features: Array) -> Array:
        return softmax(predict(model, features))

    return Teacher(path, recipe.frontend, recipe.data.labels, recipe.input_shape[:2], by_network)


def teacher_logits(
    teachers: Sequence[Path],
    table_for: Callable[[FrontendSpec], FeatureTable],
    *,
    progress: Progress = no_progress,
) -> npt.NDArray[np.float16]:
    """The logarithm of the teachers' mean posteriors, (clips, variants, classes), for each waveform that is trained on.

    Each teacher hears with its own front end: `table_for(frontend)` is the training table prepared with it, of the same
    clips and variants for every front end (which `prepare` is for one seed and augmentation). One with a shorter window than
    theirs hears the middle of each clip.
    Raises `TrainingError` when there is no teacher, or when tables, labels or windows do not fit together.
    """
    if not teachers:
        raise TrainingError("expected at least one teacher, found none")
    loaded = [load_teacher(path) for path in teachers]
    tables = [table_for(teacher.frontend) for teacher in loaded]
    for teacher, table in zip(loaded, tables):
        _check(teacher, table, tables[0])
    clips, variants = tables[0].features.shape[:2]
    mean = np.zeros((clips, variants, len(tables[0].label_names)), dtype=np.float32)
    step, total = max(1, PREDICT_BATCH // variants), clips * len(loaded)
    for number, (teacher, table) in enumerate(zip(loaded, tables)):
        for start in range(0, clips, step):
            progress(f"teacher {teacher.path.name}", number * clips + start, total)
            block = _middle(table.features[start : start + step], teacher.window[0])
            posteriors = teacher.posteriors(block.reshape(-1, *block.shape[2:]))
            mean[start : start + step] += posteriors.reshape(*block.shape[:2], -1) / len(loaded)
    progress("teachers", total, total)
    return np.log(np.maximum(mean, LEAST_POSTERIOR)).astype(np.float16)


def corrected(logits: npt.NDArray[np.float16], labels: Array, certain: Array, label_smoothing: float) -> npt.NDArray[np.float16]:
    """What teachers say, (clips, variants, classes), but the label where its clip is one of `certain` and they mistake it.

    They are asked about the clip as it came (variant 0). People's recordings may be labelled wrongly, and there a teacher that
    disagrees helps; what a synthetic voice was told to say is certain, and a teacher that has not met such voices errs.
    `labels`: (clips,), `certain`: bool (clips,).
    """
    wrong = certain & (logits[:, 0].argmax(axis=-1) != labels)
    known = np.log(np.maximum(soft_labels(labels[wrong], logits.shape[-1], label_smoothing), LEAST_POSTERIOR))
    result = logits.copy()
    result[wrong] = known[:, None].astype(np.float16)
    return result


def _middle(features: Array, frames: int | None) -> Array:
    """The `frames` in the middle of each clip, (clips, variants, frames, features); None: all."""
    surplus = features.shape[2] - (features.shape[2] if frames is None else frames)
    return features[:, :, surplus // 2 : features.shape[2] - (surplus - surplus // 2)]


def _check(teacher: Teacher, table: FeatureTable, first: FeatureTable) -> None:
    expected = (tuple(table.label_names), tuple(table.features.shape[2:]))
    frames, features = teacher.window
    longest = expected[1][0]
    if (teacher.labels, features) != (expected[0], expected[1][1]) or (frames or longest) > longest:
        raise TrainingError(
            f"teacher {teacher.path}: expected labels and window {expected}, or fewer frames, found "
            f"{(teacher.labels, teacher.window)}; train it with the same [data]"
        )
    if table.ids != first.ids or table.features.shape[1] != first.features.shape[1]:
        raise TrainingError(
            f"teacher {teacher.path}: expected a table of the same clips and variants for its front end, found another"
        )
