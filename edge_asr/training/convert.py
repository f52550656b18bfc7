"""From a Keras model to an int8 `.tflite` file, through TensorFlow's converter."""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from typing import IO, Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import ConversionError
from edge_asr.training.graph import check_model, copy_model
from edge_asr.training.tflite_file import check_int8

_LAST_LINES = 5


def convert_int8(*, model: keras.Model, representative: NDArray[np.float32] | None) -> bytes:
    """An int8 `.tflite` file: int8 in and out, batch 1, per-channel weights (Jacob et al., arXiv 1712.05877).

    `representative`: (clips, frames, features, 1) float32, finite; activation ranges are their least and greatest values.
    None where the model brings its own ranges (fake quantisation). Equal input gives equal bytes. What the converter
    prints is caught at the process's descriptors 1 and 2, so other threads' output is lost while this runs.
    Raises `ConversionError` when model or clips are not as said, the converter fails, or the result is not all int8.
    """
    check_model(model)
    if keras.backend.backend() != "tensorflow":
        raise ConversionError(f"conversion needs Keras on TensorFlow, found {keras.backend.backend()}: set KERAS_BACKEND")
    if representative is not None:
        _check_representative(representative, tuple(model.inputs[0].shape[1:]))
    with _captured_output() as chatter:
        try:
            content = _run_converter(copy_model(model, batch=1), representative)
        except Exception as err:  # foreign code: it raises whatever its passes raise
            reason = " | ".join([str(err), *_tail(chatter)])
            raise ConversionError(f"the TFLite converter refuses model {model.name!r}: {reason}") from err
    check_int8(content)
    return content


def _run_converter(model: keras.Model, representative: NDArray[np.float32] | None) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    if representative is not None:
        # With BUILTINS_INT8 alone, the converter demands a representative set even where ranges are in the graph.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: ([clip[np.newaxis]] for clip in representative)
    return bytes(converter.convert())


def _check_representative(clips: Any, input_shape: tuple[int, ...]) -> None:
    if not isinstance(clips, np.ndarray) or clips.dtype != np.float32 or clips.shape[1:] != input_shape or not len(clips):
        found = f"{clips.dtype} {clips.shape}" if isinstance(clips, np.ndarray) else type(clips).__name__
        raise ConversionError(f"the representative set must be float32 (clips, *{input_shape}), at least one, found {found}")
    if not np.isfinite(clips).all():
        raise ConversionError("the representative set holds NaN or infinity: look for broken clips in the training data")


@contextlib.contextmanager
def _captured_output() -> Iterator[IO[bytes]]:
    """Catch what Python and native code write to descriptors 1 and 2, and Python's warnings."""
    with tempfile.TemporaryFile() as sink, open(os.devnull, "w") as null, contextlib.ExitStack() as undo:  # noqa: PTH123
        for descriptor in (1, 2):
            with contextlib.suppress(OSError):  # closed: nothing to catch
                saved = os.dup(descriptor)
                undo.callback(os.close, saved)
                undo.callback(os.dup2, saved, descriptor)
                os.dup2(sink.fileno(), descriptor)
        undo.enter_context(contextlib.redirect_stdout(null))
        undo.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        yield sink


def _tail(chatter: IO[bytes]) -> list[str]:
    chatter.seek(0)
    lines = chatter.read().decode(errors="replace").splitlines()
    return [line.strip() for line in lines if line.strip()][-_LAST_LINES:]
