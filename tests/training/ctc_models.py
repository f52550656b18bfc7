"""Small CTC networks with trained-looking weights, their forms, and streams of features to run them over."""

from __future__ import annotations

from functools import cache

import keras
import numpy as np

from edge_asr.bundle.quantization import quantize
from edge_asr.frontend import FrontendSpec, compute
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.forms import Forms
from edge_asr.training.ptq import post_training
from edge_asr.training.spec import QuantizeSpec
from edge_asr.training.speech_forms import convert_speech_forms, window_frames
from edge_asr.zoo.build import build_model
from edge_asr.zoo.spec import CtcNet
from tests.training.quant_models import with_statistics

FRONTEND = FrontendSpec(mel_bands=16)
FEATURES, TOKENS, OUTPUTS = 16, 6, 12
SPECS = {
    "stride 2": CtcNet(8, channels=(16, 16, 24), kernels=(5, 3, 7)),
    "stride 4": CtcNet(8, channels=(16, 16, 16), kernels=(3, 4, 5), strides=(1, 2, 1)),
    "stem of stride 4": CtcNet(8, stem_kernel=(3, 3), stem_stride=(4, 2), channels=(16,), kernels=(5,)),
    "dilated": CtcNet(8, stem_stride=(1, 4), channels=(16, 16), kernels=(3,), dilations=(2, 3)),
}


def features(windows: int, frames: int, seed: int = 1) -> np.ndarray:
    """Of noise that comes and goes at drawn levels, as words do, and of silence: float32 (windows, frames, features, 1)."""
    samples = FRONTEND.samples_for(frames)
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(windows):
        sound = np.convolve(rng.standard_normal(samples), rng.standard_normal(16), "same")
        levels = rng.choice([0.0, 1e-4, 1e-2, 0.2], samples // 1600 + 1).repeat(1600)[:samples]
        made.append(compute((np.clip(sound * levels, -1, 1) * 32767).astype(np.int16), FRONTEND))
    return np.stack(made).astype(np.float32)[..., np.newaxis]


def network(spec: CtcNet) -> keras.Model:
    """For any number of frames."""
    return with_statistics(build_model(spec, (None, FEATURES, 1), TOKENS, 0), 0)


@cache
def simulated(name: str) -> keras.Model:
    """The simulated int8 model of a network in `SPECS`, for any number of frames."""
    return post_training(fold_batch_norms(network(SPECS[name])), features(16, window_frames(SPECS[name], OUTPUTS)))


@cache
def forms(name: str, step: int) -> Forms:
    """All forms of `simulated(name)`, for steps of so many frames."""
    settings = QuantizeSpec(forms=("window", "stream", "resource"))
    return convert_speech_forms(simulated(name), SPECS[name], settings, step, window_outputs=OUTPUTS)


def random_stream(interpreter: Interpreter, frames: int) -> np.ndarray:
    """Int8 of all values, (1, frames, features, 1)."""
    return np.random.default_rng(2).integers(-128, 128, (1, frames, FEATURES, 1)).astype(np.int8)


def lifelike_stream(interpreter: Interpreter, frames: int) -> np.ndarray:
    """Stored features of sound and silence, int8 (1, frames, features, 1)."""
    return quantize(features(1, frames, seed=3), interpreter.input)
