"""What a network learns from beside its labels, and the file that keeps it in a run folder."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_asr.errors import TrainingError
from edge_asr.files import write_whole


@dataclass(frozen=True)
class Guidance:
    """What is said of each window of a training table."""

    teacher_logits: npt.NDArray[np.float16]
    """(clips, variants, classes): the logarithm of the teachers' mean posteriors."""
    foretold: npt.NDArray[np.float16] | None
    """(clips, variants, values) to foretell: one speech embedding of the window, each value standardised over the table."""


def write_guidance(file: Path, said: Guidance) -> None:
    """Keep `said` in `file`, whole or not at all. Raises `TrainingError`."""
    arrays: dict[str, Any] = {"teacher_logits": said.teacher_logits}
    if said.foretold is not None:
        arrays["foretold"] = said.foretold
    content = io.BytesIO()
    np.savez(content, **arrays)
    try:
        write_whole(file, content.getvalue())
    except OSError as err:
        raise TrainingError(f"{file}: expected a file to write to, found: {err}") from err


def read_guidance(file: Path) -> Guidance | None:
    """What was kept, or None where there is none or it is damaged."""
    try:
        with file.open("rb") as handle, np.load(handle, allow_pickle=False) as arrays:
            return Guidance(arrays["teacher_logits"], arrays.get("foretold"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
