"""The folder that training leaves: resolved recipe, versions, curves, the kept weights, and a checkpoint to go on from.

    recipe.toml       every default written out
    run.json          versions, seed, data, processor
    history.json      the curves (also .csv, and logs/ for TensorBoard)
    weights.npz       the kept epoch's (averaged) weights, one array a variable, named by its path
    checkpoint.npz    the last epoch's weights, optimizer, averages and random states

Weights are plain arrays: what one Keras backend has trained, any other loads.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edge_asr.errors import TrainingError
from edge_asr.files import write_whole
from edge_asr.training.history import EpochRecord, SpeechEpoch, history_csv, history_json, parse_history
from edge_asr.training.recipe import Recipe, load_recipe, recipe_table

Array: TypeAlias = npt.NDArray[Any]


class RunFolder:
    """Reads and writes a run folder. Each file is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def recipe(self) -> Recipe:
        """The resolved recipe. Raises `ConfigError`."""
        return load_recipe(self.path)

    def info(self) -> dict[str, Any]:
        """What `run.json` says. Raises `TrainingError`."""
        file = self.path / "run.json"
        try:
            info = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as err:
            raise TrainingError(f"{file}: expected the facts of a training run, found: {err}") from err
        if not isinstance(info, dict):
            raise TrainingError(f"{file}: expected the facts of a training run, found a {type(info).__name__}")
        return info

    def history(self, record: type[Any] = EpochRecord) -> tuple[Any, ...]:
        """The curves, one record (of a recogniser: `SpeechEpoch`) an epoch. Raises `TrainingError`."""
        file = self.path / "history.json"
        try:
            return parse_history(file.read_text("utf-8"), str(file), record)
        except (OSError, UnicodeDecodeError) as err:
            raise TrainingError(f"{file}: expected the curves of a training run, found: {err}") from err

    def model(self) -> Any:
        """A `keras.Model` (logits) with the kept weights. Raises `TrainingError` when they are missing or do not fit."""
        from edge_asr.zoo.build import build_model

        recipe, arrays = self.recipe(), self._read("weights.npz")
        model = build_model(recipe.model, recipe.input_shape, len(recipe.data.labels), recipe.train.seed)
        for variable in model.weights:
            array = arrays.get(variable.path)
            if array is None or array.shape != tuple(variable.shape):
                found = "nothing" if array is None else f"shape {array.shape}"
                raise TrainingError(
                    f"{self.path / 'weights.npz'}: expected {variable.path} of shape {tuple(variable.shape)}, found {found}; "
                    "train again"
                )
            variable.assign(array)
        return model

    def weights_hash(self) -> str:
        """SHA-256 of the file with the kept weights. Raises `TrainingError` when it is missing."""
        return hashlib.sha256(self._bytes("weights.npz")).hexdigest()

    def has_checkpoint(self) -> bool:
        """Whether an epoch was finished in this folder."""
        return (self.path / "checkpoint.npz").exists()

    def expect_no_run(self) -> None:
        """Raise `TrainingError` where a run has begun here: a new one would overwrite it."""
        if self.has_checkpoint():
            raise TrainingError(
                f"{self.path}: expected an empty folder, found a run; go on with it (--resume) or choose another folder"
            )

    def begin(self, recipe: Recipe, info: dict[str, Any]) -> None:
        """Make the folder and write what does not change. Raises `TrainingError` if it can't be written."""
        import tomli_w

        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise TrainingError(f"{self.path}: expected a folder to write to, found: {err}") from err
        self._write("recipe.toml", tomli_w.dumps(recipe_table(recipe)).encode())
        self._write("run.json", (json.dumps(info, indent=1) + "\n").encode())

    def write_history(self, history: Sequence[EpochRecord] | Sequence[SpeechEpoch]) -> None:
        """Write the curves."""
        self._write("history.json", history_json(history).encode())
        self._write("history.csv", history_csv(history).encode())

    def write_weights(self, model: Any) -> None:
        """Write the weights of `model` as the kept ones."""
        weights = zip(model.weights, model.get_weights())
        self._write("weights.npz", _pack({variable.path: array for variable, array in weights}))

    def write_checkpoint(self, state: Sequence[Array], history: Sequence[EpochRecord] | Sequence[SpeechEpoch]) -> None:
        """Write what the next epoch depends on."""
        arrays = {f"state{index:05d}": array for index, array in enumerate(state)}
        self._write("checkpoint.npz", _pack({**arrays, "history": np.array(history_json(history))}))

    def read_checkpoint(self, record: type[Any] = EpochRecord) -> tuple[list[Array], tuple[Any, ...]]:
        """The inverse of `write_checkpoint`. Raises `TrainingError`."""
        return parse_checkpoint(self.checkpoint(), str(self.path / "checkpoint.npz"), record)

    def checkpoint(self) -> bytes:
        """The file that `write_checkpoint` wrote. Raises `TrainingError`."""
        file = self.path / "checkpoint.npz"
        try:
            return file.read_bytes()
        except OSError as err:
            raise TrainingError(f"{file}: expected the state of a run, found: {err}") from err

    def _read(self, name: str) -> dict[str, Array]:
        return _unpack(self._bytes(name), str(self.path / name))

    def _bytes(self, name: str) -> bytes:
        file = self.path / name
        try:
            return file.read_bytes()
        except OSError as err:
            raise TrainingError(f"{file}: expected a whole archive of arrays, found: {err}; train again") from err

    def _write(self, name: str, content: bytes) -> None:
        write_whole(self.path / name, content)


def parse_checkpoint(content: bytes, source: str, record: type[Any] = EpochRecord) -> tuple[list[Array], tuple[Any, ...]]:
    """State and history of a checkpoint file's `content`. Raises `TrainingError` naming `source`."""
    arrays = _unpack(content, source)
    history = parse_history(str(arrays.pop("history", "")), source, record)
    return [arrays[name] for name in sorted(arrays)], history


def _unpack(content: bytes, source: str) -> dict[str, Array]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as err:
        raise TrainingError(f"{source}: expected a whole archive of arrays, found: {err}; train again") from err


def _pack(arrays: dict[str, Array]) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type,unused-ignore]
    return content.getvalue()
