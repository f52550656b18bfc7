"""One call that reads any known layout."""

from __future__ import annotations

from pathlib import Path

from edge_asr.data.archive import is_archive, unpacked
from edge_asr.data.clips import DataSet
from edge_asr.data.folder import read_folder
from edge_asr.data.fsdd import read_fsdd
from edge_asr.data.spec import DataSpec
from edge_asr.data.speech_commands import read_speech_commands
from edge_asr.data.speech_commands_archive import locate_speech_commands
from edge_asr.errors import DataError
from edge_asr.progress import Progress, no_progress

READERS = {"speech_commands": read_speech_commands, "folder": read_folder, "fsdd": read_fsdd}


def read_dataset(spec: DataSpec, root: Path, *, progress: Progress = no_progress) -> DataSet:
    """List the clips of the data set at `root`: a folder, or a tar archive that is unpacked beside itself. None is opened.

    Raises `DataError` when `root` is missing, is not of the layout `spec.reader`, or holds no clip, and for the reader `wake`.
    """
    if spec.reader not in READERS:
        raise DataError("a wake word has no data set: `invoke train --phrase` speaks it (and takes --negatives and --recordings)")
    if is_archive(root):
        root = unpacked(root, progress=progress)
    elif spec.reader == "speech_commands":
        root = locate_speech_commands(root, progress=progress)
    return READERS[spec.reader](root, spec)
