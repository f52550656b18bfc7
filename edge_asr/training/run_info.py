"""The facts of a run for `run.json`: versions, seed, data, processor."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np
import numpy.typing as npt

from edge_asr.config import to_table
from edge_asr.training.recipe import Recipe, recipe_hash

if TYPE_CHECKING:
    from edge_asr.data.speech_table import PreparedSpeech
    from edge_asr.data.tables import Prepared

Array: TypeAlias = npt.NDArray[Any]

_PACKAGES = ("edge-asr", "numpy", "keras", "tensorflow", "tensorflow-cpu", "jax")


def run_info(recipe: Recipe, summary: Any, data_sha256: str) -> dict[str, Any]:
    """A table for JSON. `recipe_sha256` and `data_sha256` tell whether a run may be resumed; `summary` tells of the data."""
    return {
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "seed": recipe.train.seed,
        "recipe_sha256": recipe_hash(recipe),
        "data_sha256": data_sha256,
        "data": to_table(summary),
        "backend": keras.backend.backend(),
        "versions": {"python": platform.python_version(), **_versions()},
        "system": platform.platform(),
        "processor": _processor(),
    }


def data_hash(prepared: Prepared, teacher_logits: Array | None) -> str:
    """SHA-256 of what the clips are (ids, labels, number of variants, teachers); their samples are the cache's concern."""
    digest = hashlib.sha256()
    for table in (prepared.train, prepared.validation):
        digest.update(repr((table.features.shape, table.ids, table.labels.tolist())).encode())
    if teacher_logits is not None:
        digest.update(np.ascontiguousarray(teacher_logits).tobytes())
    return digest.hexdigest()


def speech_data_hash(prepared: PreparedSpeech) -> str:
    """The same of a recogniser's data: ids, lengths and tokens of the rows."""
    digest = hashlib.sha256(repr(prepared.tokens.labels).encode())
    for table in (prepared.train, prepared.validation):
        digest.update(repr(table.ids).encode())
        for array in (table.starts, table.token_starts, table.tokens):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    """The processor's name as Linux knows it, or the machine's type."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
