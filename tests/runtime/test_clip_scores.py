"""Every score of a release's model on a clip."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.errors import AudioError, BundleError
from edge_asr.runtime.board import BoardSettings, RunSpec
from edge_asr.runtime.clip_scores import clip_scores
from edge_asr.runtime.engine import load_engine
from edge_asr.runtime.posteriors import PosteriorStream
from edge_asr.runtime.release import BUNDLE
from edge_asr.runtime.speech_engine import load_speech_engine
from tests.cli.command import write_wav
from tests.runtime.tone_release import tones, write_settings


@pytest.fixture
def clip(tmp_path):
    return write_wav(tmp_path / "clip.wav", tones())


def release_of(bundle, **run):
    bundle.path.rename(bundle.path.with_name(BUNDLE))
    write_settings(bundle.path.parent, BoardSettings("pi4", RunSpec(**run)))
    return bundle.path.parent


def test_they_are_the_posteriors_of_every_step(tiny_bundle, clip):
    stream = PosteriorStream(load_engine(tiny_bundle), tiny_bundle.manifest.detect.step_ms)
    steps = [*stream.accept(tones()), *stream.finish()]
    scores = clip_scores(release_of(tiny_bundle), clip)
    assert scores.dtype == np.float32
    assert scores.shape == (len(steps), 4)
    np.testing.assert_array_equal(scores, np.stack([step.posterior for step in steps]))


def test_of_a_recogniser_they_are_log_probabilities(tiny_speech, clip):
    stream = load_speech_engine(tiny_speech).log_prob_stream()
    expected = np.concatenate([stream.accept(tones()), stream.finish()])
    np.testing.assert_array_equal(clip_scores(release_of(tiny_speech), clip), expected)


def test_the_model_runs_as_the_settings_say(tiny_bundle, clip):
    folder = release_of(tiny_bundle, form="stream")
    with pytest.raises(BundleError, match="stream"):
        clip_scores(folder, clip)


def test_audio_at_another_rate_is_refused(tiny_bundle, tmp_path):
    slow = write_wav(tmp_path / "slow.wav", tones(), rate=8000)
    with pytest.raises(AudioError, match="expected audio at the bundle's 16000 Hz, found 8000 Hz"):
        clip_scores(release_of(tiny_bundle), slow)
