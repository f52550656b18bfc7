"""Bundles with random weights, for benchmarks: what a model costs does not depend on what it has learnt. Needs TensorFlow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_asr.bundle.manifest import DetectSpec, Form
from edge_asr.bundle.store import Bundle, ManifestDraft, write_bundle
from edge_asr.frontend.presets import PRESETS
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.forms import convert_forms
from edge_asr.training.ptq import post_training
from edge_asr.training.spec import QuantizeSpec
from edge_asr.zoo.build import build_model
from edge_asr.zoo.spec import DsTcResNet, ModelSpec, model_spec

WINDOW_FRAMES = 75
CALIBRATION_CLIPS = 8


def stand_in(folder: Path, words: int) -> Bundle:
    """A bundle of as many wake words, with the default network for them: a window of 1.5 s, a step of 80 ms."""
    detect = DetectSpec(step_ms=80.0)
    return _random(folder, words, DsTcResNet(), PRESETS["logmel40"], WINDOW_FRAMES, detect, ("window", "stream"))


def wider(folder: Path, bundle: Bundle, words: int) -> Bundle:
    """A bundle like `bundle`, with the same architecture, for another number of wake words."""
    manifest = bundle.manifest
    table = manifest.provenance.get("recipe", {}).get("model")
    if not table:
        raise SystemExit(f"{bundle.path}: its manifest does not tell the architecture; leave --bundle out")
    arch = model_spec(table, source=str(bundle.path))
    detect, frames = replace(manifest.detect, thresholds={}), manifest.models[0].window_frames
    return _random(folder, words, arch, manifest.frontend, frames, detect, tuple(bundle.models))


def _random(
    folder: Path, words: int, arch: ModelSpec, frontend: FrontendSpec, frames: int, detect: DetectSpec, forms: tuple[Form, ...]
) -> Bundle:
    rng = np.random.default_rng(0)
    labels = ("_unknown_", *(f"word{number}" for number in range(words)))
    folded = fold_batch_norms(build_model(arch, (frames, frontend.features, 1), len(labels), seed=0))
    clips = rng.normal(-3, 3, (CALIBRATION_CLIPS, frames, frontend.features, 1)).astype(np.float32)
    made = convert_forms(post_training(folded, clips), QuantizeSpec(forms=forms), frontend.hops_in(detect.step_ms))
    return write_bundle(folder, ManifestDraft(folder.name, labels, frontend, detect), made.parts)
