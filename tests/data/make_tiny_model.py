"""Make `tiny.tflite`: a detector of two tones with weights set by hand, so that tests need neither data nor training.

Input (1, 49, 40, 1): the features of the `logmel40` front end. Output: logits of _silence_, _unknown_, yes, no.
A tone of 1 kHz is "yes", one of 3 kHz is "no", other loud sound is _unknown_. Run: `python tests/data/make_tiny_model.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

FRAMES, BANDS = 49, 40
YES_BANDS, NO_BANDS = slice(11, 17), slice(24, 30)
FLOOR = float(np.log(1e-6))
"""The front end's value for silence: the logarithm of its floor."""


def build() -> keras.Model:
    """Three band detectors a frame, their mean over the window, and a dense layer to the logits."""
    sound = keras.Input(batch_shape=(1, FRAMES, BANDS, 1))
    detectors = keras.layers.Conv2D(3, (1, BANDS), activation="relu", name="detectors")
    logits = keras.layers.Dense(4, name="logits")
    model = keras.Model(sound, logits(keras.layers.GlobalAveragePooling2D()(detectors(sound))))
    kernel = np.zeros((1, BANDS, 1, 3), np.float32)
    kernel[0, :, 0, 0] = contrast(YES_BANDS)
    kernel[0, :, 0, 1] = contrast(NO_BANDS)
    kernel[0, :, 0, 2] = 1 / BANDS  # loudness
    detectors.set_weights([kernel, np.array([-1.5, -1.5, -FLOOR - 4.0], np.float32)])
    #                   _silence_ _unknown_ yes  no
    weights = np.array([[0.0, 0.0, 5.0, 0.0], [0.0, 0.0, 0.0, 5.0], [0.0, 0.5, 0.0, 0.0]], np.float32)
    logits.set_weights([weights, np.array([4.0, 1.0, 0.0, 0.0], np.float32)])
    return model


def contrast(bands: slice) -> np.ndarray:
    inside = np.zeros(BANDS, bool)
    inside[bands] = True
    return np.where(inside, 1 / inside.sum(), -1 / (~inside).sum())


def windows() -> Iterator[list[np.ndarray]]:
    """Feature windows that span the range of silence, noise and both tones, to calibrate the int8 ranges with."""
    rng = np.random.default_rng(0)
    for level in np.linspace(FLOOR, 6.0, 10):
        for tone in (None, YES_BANDS, NO_BANDS):
            window = np.maximum(level + rng.normal(0, 1, (1, FRAMES, BANDS, 1)), FLOOR)
            if tone is not None:
                window[:, :, tone] = np.maximum(window[:, :, tone], 8.0)
            yield [window.astype(np.float32)]


def main() -> None:
    """Convert the model to int8 and write it beside this script."""
    converter = tf.lite.TFLiteConverter.from_keras_model(build())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = windows
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    Path(__file__).with_name("tiny.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main()
