"""The engine: a model is what its manifest says, and clips go through the front end and the model as streams do."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edge_asr.bundle.manifest import TensorSpec
from edge_asr.bundle.quantization import dequantize, quantize
from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, write_bundle
from edge_asr.errors import AudioError, BundleError, ConfigError, InterpreterError
from edge_asr.frontend import compute
from edge_asr.runtime.engine import load_engine
from edge_asr.runtime.forms import Softmax
from edge_asr.runtime.window import fit_window
from tests.bundle.damage import edit_manifest
from tests.runtime.tones import tones


@pytest.mark.parametrize(
    ("side", "key", "value"),
    [
        ("input", "shape", [1, 50, 40, 1]),
        ("input", "scale", 0.1),
        ("input", "zero_point", 0),
        ("output", "scale", 0.1),
        ("output", "zero_point", 0),
    ],
)
def test_tensors_must_be_those_of_the_manifest(tiny_bundle: Bundle, side: str, key: str, value):
    edit_manifest(tiny_bundle.path, lambda table: table["models"][0][side].update({key: value}))
    with pytest.raises(BundleError, match=f"says {side}"):
        load_engine(tiny_bundle.path)


def test_label_count_must_fit_the_file(tiny_bundle: Bundle):
    """A manifest that agrees with itself, but not with the model."""

    def add_label(table):
        table["labels"].append("maybe")
        table["models"][0]["output"]["shape"] = [1, 5]

    edit_manifest(tiny_bundle.path, add_label)
    with pytest.raises(BundleError, match="says output"):
        load_engine(tiny_bundle.path)


def test_scales_compare_as_float32(tiny_bundle: Bundle):
    scale = float(str(np.float32(tiny_bundle.manifest.models[0].input.scale)))  # the short form of the same float32
    assert scale != tiny_bundle.manifest.models[0].input.scale
    edit_manifest(tiny_bundle.path, lambda table: table["models"][0]["input"].update(scale=scale))
    load_engine(tiny_bundle.path)


def test_a_file_that_is_no_model_is_refused(tiny_bundle: Bundle):
    entry = tiny_bundle.manifest.models[0]
    draft = ManifestDraft("bad", tiny_bundle.manifest.labels, tiny_bundle.manifest.frontend)
    half = tiny_bundle.models["window"][:1000]
    bundle = write_bundle(tiny_bundle.path, draft, {"window": ModelPart(half, entry.input, entry.output)})
    with pytest.raises(InterpreterError, match="refuses the model"):
        load_engine(bundle)


def test_posteriors_are_the_softmax_of_the_logits(tiny_bundle: Bundle):
    engine = load_engine(tiny_bundle)
    features = compute(tones(2, [(0.2, "no")])[: engine.window_samples], engine.manifest.frontend)
    logits = dequantize(
        engine.interpreter.invoke(quantize(features, engine.interpreter.input)[None, :, :, None])[0],
        engine.interpreter.output,
    )
    odds = np.exp(logits)
    posteriors = engine.posteriors(features)
    assert posteriors.dtype == np.float32
    assert posteriors.shape == (4,)
    np.testing.assert_allclose(posteriors, odds / odds.sum(), rtol=1e-6)  # float32 here, float64 in the engine


def test_large_logits_do_not_overflow():
    loud = Softmax(TensorSpec((1, 4), scale=100.0))(np.array([0, 127, -128, 127], np.int8))
    assert loud.tolist() == [0.0, 0.5, 0.0, 0.5]


def test_posteriors_wants_one_window(tiny_bundle: Bundle):
    with pytest.raises(AudioError, match=r"\(49, 40\)"):
        load_engine(tiny_bundle).posteriors(np.zeros((48, 40), np.float32))


@pytest.mark.parametrize("seconds", [0.7, 1.0, 5.0])
def test_classify_fits_the_clip(tiny_bundle: Bundle, seconds: float):
    engine = load_engine(tiny_bundle)
    for word in ("yes", "no"):
        sound = tones(seconds, [(max(0, seconds - 1.3), word)], length=min(seconds, 1.2))
        posteriors = engine.classify(sound)
        assert engine.labels[int(posteriors.argmax())] == word
        fitted = fit_window(sound, engine.window_samples)
        assert np.array_equal(posteriors, engine.posteriors(compute(fitted, engine.manifest.frontend)))
        assert np.array_equal(posteriors, engine.classify((sound / 32768).astype(np.float32)))


def test_builtin_kernels_agree_within_two_steps(tiny_bundle: Bundle):
    default, builtin = load_engine(tiny_bundle), load_engine(tiny_bundle, kernels="builtin")
    fast, portable = default.interpreter.description, builtin.interpreter.description
    assert (fast.ops.xnnpack, portable.ops.xnnpack) == (fast.ops.model, 0)
    assert portable == dataclasses.replace(fast, kernels="builtin", ops=portable.ops)
    rng = np.random.default_rng(0)
    differences = []
    for level in rng.integers(-80, 80, 500):
        window = rng.integers(level - 40, level + 40, (1, 49, 40, 1)).astype(np.int8)
        window[:, :, 11:17] = rng.integers(-128, 128)
        both = [engine.interpreter.invoke(window).astype(int) for engine in (default, builtin)]
        differences.append(np.abs(both[0] - both[1]).max())
    # XNNPACK rounds its products otherwise: at most one step for each of the two layers that multiply. That they differ
    # at all (4 % of such windows) shows that these are two sets of kernels.
    assert 0 < max(differences) <= 2


def test_classify_hears_clips_of_the_length_that_training_saw(tiny_bundle: Bundle) -> None:
    """A second has 160 samples more than its 49 frames: the frames are its first ones, not the loudest 49."""
    manifest = dataclasses.replace(tiny_bundle.manifest, clip_samples=16000)
    engine = load_engine(dataclasses.replace(tiny_bundle, manifest=manifest))
    sound = tones(1.0, [(0.5, "no")], length=0.2)
    frames = compute(sound, manifest.frontend)
    assert len(frames) == engine.window_frames
    np.testing.assert_array_equal(engine.classify(sound), engine.posteriors(frames))
    assert not np.array_equal(engine.classify(sound), load_engine(tiny_bundle).classify(sound))


def test_a_clip_length_that_does_not_make_the_frames_is_refused(tiny_bundle: Bundle) -> None:
    with pytest.raises(ConfigError, match="clip_samples must make the 49 frames"):
        dataclasses.replace(tiny_bundle.manifest, clip_samples=8000)
