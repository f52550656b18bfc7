"""From a float Keras model that carries its own rounding to an int8 `.tflite` file, through TensorFlow's converter."""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from typing import IO

import keras

from edge_asr.errors import ConversionError
from edge_asr.training.even_dilation import even_dilation
from edge_asr.training.fake_quant import activation_ranges
from edge_asr.training.graph import check_model, copy_model
from edge_asr.training.tflite_file import check_int8

_LAST_LINES = 5


def convert_int8(simulated: keras.Model) -> bytes:
    """An int8 `.tflite` file: int8 in and out, batch 1, per-channel weights (Jacob et al., arXiv 1712.05877).

    `simulated`: a model that rounds its activations (`simulate_int8`); their ranges are taken over. Its outputs and the
    file's differ by a few steps at most. Equal models give equal bytes. What the converter prints is caught at the process's
    descriptors 1 and 2, so other threads' output is lost while this runs.
    Raises `ConversionError` when the weights are not finite, there are no ranges, the converter fails, or the result is
    not all int8.
    """
    check_simulated(simulated)
    return run_converter(copy_model(simulated, batch=1))


def check_simulated(model: keras.Model) -> None:
    """Raise `ConversionError` unless `model` rounds its activations, has finite weights and takes a fixed number of frames."""
    check_model(model)
    if model.inputs[0].shape[1] is None:
        raise ConversionError("expected a model that takes a fixed number of frames, found one that takes any number of them")
    if not activation_ranges(model):
        raise ConversionError("expected a model with activation ranges (see post_training and fine_tune), found none")


def run_converter(model: keras.Model) -> bytes:
    """The converter's file of a model with batch 1 that rounds its activations. Raises `ConversionError`."""
    with _captured_output() as chatter:
        try:
            content = _convert(model)
        except Exception as err:  # foreign code: it raises whatever its passes raise
            reason = " | ".join([str(err), *_tail(chatter)])
            raise ConversionError(f"the TFLite converter refuses model {model.name!r}: {reason}") from err
    check_int8(content)
    return even_dilation(content)


def _convert(model: keras.Model) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    # Ranges in the graph go with the default operator sets: for TFLITE_BUILTINS_INT8 alone the converter demands clips to
    # calibrate with (and then finds too wide ranges for what an ADD overwrites). `check_int8` sees that all is int8.
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


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
