"""One call that reads any known layout."""

from __future__ import annotations

from pathlib import Path

from edge_asr.data.clips import DataSet
from edge_asr.data.spec import DataSpec
from edge_asr.data.speech_commands import read_speech_commands
from edge_asr.progress import Progress, no_progress


def read_dataset(spec: DataSpec, root: Path, *, progress: Progress = no_progress) -> DataSet:
    """List the clips of the data set at `root` (a folder, or the Speech Commands archive); no audio is opened.

    Raises `DataError` when `root` is missing, is not of the layout `spec.reader`, or holds no clip.
    """
    return read_speech_commands(root, spec)
