"""`edge-asr info`: what a bundle is; reading it checks it."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

from edge_asr.bundle.manifest import DetectSpec, Manifest, ModelFile
from edge_asr.bundle.speech import SpeechDecodeSpec
from edge_asr.cli.arguments import add_json_argument, add_running_arguments
from edge_asr.cli.signed import add_key_argument, read_allowed
from edge_asr.config import to_table
from edge_asr.frontend.spec import FrontendSpec


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `edge-asr info`."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's folder")
    add_key_argument(parser)
    add_running_arguments(parser)
    parser.set_defaults(delegate=None)  # the model is loaded only for those who ask
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Print the manifest, and what runs the model here where a delegate was named."""
    bundle = read_allowed(args.bundle, args)
    shown, texts = to_table(bundle.manifest), list(_rows(bundle.manifest))
    if args.delegate is not None:
        from edge_asr.cli.run_here import load_here, rows

        loaded = load_here(bundle, args)
        shown["here"] = {"form": loaded.model.form, **to_table(loaded.interpreter.description)}
        texts += rows(loaded)
    if args.json:
        print(json.dumps(shown, indent=1))
    else:
        for name, text in texts:
            print(f"{name:<12} {text}")
    return 0


def _rows(manifest: Manifest) -> Iterator[tuple[str, str]]:
    spec = manifest.frontend
    kind = f"{spec.mfcc} MFCC of {spec.mel_bands}" if spec.mfcc else f"{spec.mel_bands} log"
    yield "name", f"{manifest.name} ({manifest.kind}, schema {manifest.schema})"
    yield "made", " ".join(text for text in (manifest.created, manifest.made_by) if text) or "not said"
    yield from _labels(manifest)
    yield "front end", f"{kind} mel bands, {spec.window_ms:g} ms every {spec.hop_ms:g} ms, at {spec.sample_rate} Hz"
    for model in manifest.models:
        yield "model", f"{model.file} ({_form(model, spec)}, int8, {model.size} bytes, SHA-256 {model.sha256[:16]}...)"
    for asset in manifest.assets:
        yield asset.role, f"{asset.file} ({asset.size} bytes, SHA-256 {asset.sha256[:16]}...)"
    yield from _detection(manifest.detect) if manifest.speech is None else _decoding(manifest.speech)
    for key, value in manifest.provenance.items():
        yield from _facts(key, value)


def _labels(manifest: Manifest) -> Iterator[tuple[str, str]]:
    if manifest.speech is None:
        yield "labels", " ".join(manifest.labels)
    else:
        tokens, unit = manifest.labels[1:], manifest.speech.unit
        shown = f"{''.join(tokens)!r}" if unit == "characters" else " ".join(tokens)
        yield "tokens", f"{len(tokens)} {unit} of the language {manifest.speech.language}: {shown}"


def _detection(detect: DetectSpec) -> Iterator[tuple[str, str]]:
    own = "".join(f", {label} {value:g}" for label, value in detect.thresholds.items())
    yield "threshold", f"{detect.threshold:g}{own}"
    yield (
        "decision",
        (
            f"every {detect.step_ms:g} ms, smoothed over {detect.smoothing_ms:g} ms, "
            f"release {detect.release:g}, refractory {detect.refractory_ms:g} ms"
        ),
    )


def _decoding(speech: SpeechDecodeSpec) -> Iterator[tuple[str, str]]:
    yield (
        "decoding",
        (
            f"every {speech.step_ms:g} ms, an output every {speech.stride_frames} frames, beam {speech.beam}, "
            f"language model {speech.lm_weight:g}, a word {speech.word_bonus:+g}"
        ),
    )
    yield "rejection", f"confidence below {speech.min_confidence:g}; with a grammar, penalty above {speech.max_penalty:g}"
    gate = speech.endpoint
    margin = f" {gate.margin_db:g} dB over the noise" if gate.gate == "energy" else ""
    yield (
        "endpoint",
        (
            f"{gate.gate}{margin}, after {gate.min_speech_ms:g} ms of speech with {gate.pre_roll_ms:g} ms before, "
            f"until {gate.hang_over_ms:g} ms without, at most {gate.max_utterance_s:g} s"
        ),
    )


def _form(model: ModelFile, spec: FrontendSpec) -> str:
    seconds = spec.samples_for(model.window_frames) / spec.sample_rate
    if model.takes_windows:
        whole = spec.samples_for(model.input.shape[1]) / spec.sample_rate
        compiled = ", compiled for the Edge TPU" if model.form == "edgetpu" else ""
        return f"window of {whole:.2f} s{compiled}" + (f", field {seconds:.2f} s" if model.field_frames else "")
    inside = f"{model.form} of {model.input.shape[1]} frames a step, field {seconds:.2f} s"
    kept = sum(math.prod(state.shape) for state in model.states)
    return f"{inside}, {len(model.states)} states of {kept} bytes" if model.states else inside


def _facts(name: str, value: object) -> Iterator[tuple[str, str]]:
    """What people want to see of the provenance: texts, numbers and flat tables; the rest is for `--json`."""
    if isinstance(value, dict):
        flat = [f"{key} {item}" for key, item in value.items() if not isinstance(item, (dict, list))]
        yield name, ", ".join(flat) + (" (more: --json)" if len(flat) < len(value) else "")
    elif not isinstance(value, list):
        yield name, str(value)
