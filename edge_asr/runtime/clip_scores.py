"""What a release's model says at each step of a clip, before any decision: what two machines must agree on to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.store import read_bundle
from edge_asr.errors import AudioError
from edge_asr.runtime.board import read_settings
from edge_asr.runtime.hear_clip import load_runner
from edge_asr.runtime.posteriors import PosteriorStream
from edge_asr.runtime.release import BUNDLE, SETTINGS
from edge_asr.runtime.speech_engine import SpeechEngine
from edge_asr.runtime.wav import read_wav


def clip_scores(release: Path, clip: Path) -> NDArray[np.float32]:
    """Run the release in the folder `release` on a WAV file at its bundle's rate, as its settings say.

    Returns float32 (steps, outputs): posteriors of keywords, or log probabilities of a recogniser's tokens.
    Raises `AudioError` for another rate, and what reading the release's bundle and loading its model raise.
    """
    bundle = read_bundle(release / BUNDLE)
    samples = read_at_rate(clip, bundle.manifest.frontend.sample_rate)
    engine = load_runner(bundle, read_settings(release / SETTINGS).run)
    if isinstance(engine, SpeechEngine):
        log_probs = engine.log_prob_stream()
        return np.concatenate([log_probs.accept(samples), log_probs.finish()])
    stream = PosteriorStream(engine, engine.manifest.detect.step_ms)
    return np.stack([step.posterior for step in (*stream.accept(samples), *stream.finish())])


def read_at_rate(clip: Path, sample_rate: int) -> NDArray[np.float32]:
    """The samples of a WAV file, float32 (n,). Raises `AudioError` when it can't be read, or has another rate in Hz."""
    samples, rate = read_wav(clip)
    if rate != sample_rate:
        raise AudioError(f"{clip}: expected audio at the bundle's {sample_rate} Hz, found {rate} Hz: resample it before")
    return samples
