"""Make `tiny_window.tflite` and `tiny_stream.tflite`: both forms of a causal detector of two tones, with weights set by hand.

It hears what `tiny.tflite` hears, through layers that look back in time in every way that streaming networks do: a stem with
a stride, a residual convolution over time, and a mean over the window. Run: `python tests/data/make_tiny_forms.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from edge_asr.training.forms import convert_forms
from edge_asr.training.ptq import post_training
from edge_asr.training.spec import QuantizeSpec
from tests.data.make_tiny_model import BANDS, FLOOR, FRAMES, NO_BANDS, YES_BANDS, contrast, windows

STEP_FRAMES = 4


def build() -> keras.Model:
    """Three band detectors every other frame, sharpened over time, their mean over the window, and the logits."""
    layers = keras.layers
    sound = keras.Input(batch_shape=(1, FRAMES, BANDS, 1))
    found = layers.Conv2D(3, (3, BANDS), strides=(2, 1), activation="relu", name="detectors")(sound)
    lasting = layers.DepthwiseConv2D((4, 1), name="lasting")(found)
    both = layers.Add(name="add")([layers.Cropping2D(((3, 0), (0, 0)))(found), lasting])
    both = layers.ReLU(name="relu")(both)
    mean = layers.GlobalAveragePooling2D(name="mean")(both)
    model = keras.Model(sound, layers.Dense(4, name="logits")(mean))
    kernel = np.zeros((3, BANDS, 1, 3), np.float32)
    for channel, bands in enumerate((contrast(YES_BANDS), contrast(NO_BANDS), 1 / BANDS)):
        kernel[:, :, 0, channel] = np.array([0.2, 0.3, 0.5])[:, None] * bands
    model.get_layer("detectors").set_weights([kernel, np.array([-1.5, -1.5, -FLOOR - 4.0], np.float32)])
    past = np.array([-0.1, 0.1, 0.2, 0.3], np.float32)
    # The 0.3 is there in silence too: a stream that begins with empty states does not say what a window of silence does.
    model.get_layer("lasting").set_weights([np.tile(past[:, None, None, None], (1, 1, 3, 1)), np.full(3, 0.3, np.float32)])
    #                   _silence_ _unknown_ yes  no
    weights = np.array([[0.0, 0.0, 4.0, 0.0], [0.0, 0.0, 0.0, 4.0], [0.0, 0.4, 0.0, 0.0]], np.float32)
    model.get_layer("logits").set_weights([weights, np.array([4.0, 1.0, -1.2, -1.2], np.float32)])
    return model


def main() -> None:
    """Convert the model to both forms and write them beside this script."""
    clips = np.concatenate([clip for (clip,) in windows()])
    forms = convert_forms(post_training(build(), clips), QuantizeSpec(forms=("window", "stream")), STEP_FRAMES)
    for form, part in forms.parts.items():
        Path(__file__).with_name(f"tiny_{form}.tflite").write_bytes(part.content)


if __name__ == "__main__":
    main()
