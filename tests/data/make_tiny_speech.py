"""Make `tiny_speech_window.tflite` and `tiny_speech_stream.tflite`: a CTC model of two tones, with weights set by hand.

It hears what `make_tiny_model.py` tells of: a tone of 1 kHz is the word "yes", one of 3 kHz is "no", all else is blank. Every
other frame it puts out logits of _blank_, yes, no, from the 17 frames before. Run: `python tests/data/make_tiny_speech.py`.
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
from tests.data.make_tiny_model import BANDS, FLOOR, NO_BANDS, YES_BANDS, contrast

STRIDE, STEP_FRAMES, WINDOW_OUTPUTS = 2, 4, 9
STEM, PAST = 3, 8
FIELD = STEM + (PAST - 1) * STRIDE
FRAMES = FIELD + (WINDOW_OUTPUTS - 1) * STRIDE


def build() -> keras.Model:
    """Detectors of both tones and of quiet every other frame, what lasts of them, and the logits of each output frame."""
    layers = keras.layers
    sound = keras.Input(batch_shape=(1, FRAMES, BANDS, 1))
    found = layers.Conv2D(3, (STEM, BANDS), strides=(STRIDE, 1), activation="relu", name="detectors")(sound)
    lasting = layers.DepthwiseConv2D((PAST, 1), name="lasting")(found)
    both = layers.Add(name="add")([layers.Cropping2D(((PAST - 1, 0), (0, 0)))(found), lasting])
    both = layers.ReLU(name="relu")(both)
    logits = layers.Conv2D(3, 1, name="logits")(both)
    model = keras.Model(sound, layers.Reshape((-1, 3), name="tokens")(logits))
    kernel = np.zeros((STEM, BANDS, 1, 3), np.float32)
    # Quiet is heard too: a stream that begins with empty states does not say what one says that begins after silence.
    for channel, bands in enumerate((contrast(YES_BANDS), contrast(NO_BANDS), -1 / BANDS)):
        kernel[:, :, 0, channel] = np.array([0.2, 0.3, 0.5])[:, None] * bands
    model.get_layer("detectors").set_weights([kernel, np.array([-1.5, -1.5, 0.0], np.float32)])
    past = np.linspace(0.02, 0.12, PAST, dtype=np.float32)
    model.get_layer("lasting").set_weights([np.tile(past[:, None, None, None], (1, 1, 3, 1)), np.zeros(3, np.float32)])
    #                   _blank_ yes  no
    weights = np.array([[0.0, 6.0, 0.0], [0.0, 0.0, 6.0], [0.5, 0.0, 0.0]], np.float32)
    model.get_layer("logits").set_weights([weights[None, None], np.array([8.0, -1.0, -1.0], np.float32)])
    return model


def windows() -> np.ndarray:
    """Features that span the range of silence, noise and both tones, to calibrate the int8 ranges with."""
    rng = np.random.default_rng(0)
    made = []
    for level in np.linspace(FLOOR, 6.0, 10):
        for tone in (None, YES_BANDS, NO_BANDS):
            window = np.maximum(level + rng.normal(0, 1, (FRAMES, BANDS, 1)), FLOOR)
            if tone is not None:
                window[:, tone] = np.maximum(window[:, tone], 8.0)
            made.append(window)
    return np.array(made, np.float32)


def main() -> None:
    """Convert the model to both forms and write them beside this script."""
    settings = QuantizeSpec(forms=("window", "stream"))
    forms = convert_forms(post_training(build(), windows()), settings, STEP_FRAMES, field_frames=FIELD)
    for form, part in forms.parts.items():
        Path(__file__).with_name(f"tiny_speech_{form}.tflite").write_bytes(part.content)


if __name__ == "__main__":
    main()
