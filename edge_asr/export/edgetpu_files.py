"""What `invoke edgetpu` reads and writes: the window form of a bundle and its compiled form, or a `.tflite` file by itself."""

from __future__ import annotations

from pathlib import Path

from edge_asr.bundle.change import replace_model
from edge_asr.bundle.store import MODEL_LIMIT, ModelPart, read_bundle
from edge_asr.errors import ExportError
from edge_asr.files import write_whole


def read_window(path: Path) -> bytes:
    """The model to compile: a bundle's window form, or what the file `path` holds. Raises `BundleError`, `ExportError`."""
    if path.is_dir():
        models = read_bundle(path).models
        if "window" not in models:
            raise ExportError(f"{path}: expected a bundle with a window form, which is what compiles, found {', '.join(models)}")
        return models["window"]
    if not path.is_file():
        raise ExportError(
            f"{path}: expected a bundle's folder or a .tflite file, found {'neither' if path.exists() else 'nothing'}"
        )
    try:
        with path.open("rb") as file:
            content = file.read(MODEL_LIMIT + 1)
    except OSError as err:
        raise ExportError(f"{path}: can't be read: {err}") from err
    if len(content) > MODEL_LIMIT:
        raise ExportError(f"{path}: expected at most {MODEL_LIMIT} bytes, found more")
    return content


def keep_compiled(path: Path, model: bytes) -> Path:
    """Put a compiled model into the bundle in the folder `path`, or beside the file `path`; where it is.

    A crash at any moment leaves the older bundle or file, or the new one. Raises `BundleError`, `ExportError`.
    """
    if not path.is_dir():
        target = path.with_name(f"{path.stem}_edgetpu.tflite")
        try:
            write_whole(target, model)
        except OSError as err:
            raise ExportError(f"{target}: can't be written: {err}") from err
        return target
    window = next(entry for entry in read_bundle(path).manifest.models if entry.form == "window")
    changed = replace_model(path, "edgetpu", ModelPart(model, window.input, window.output, (), window.field_frames))
    return path / next(entry.file for entry in changed.manifest.models if entry.form == "edgetpu")
