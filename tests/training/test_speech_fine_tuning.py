"""Quantisation-aware fine-tuning on whole utterances."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from edge_asr.bundle.quantization import quantize
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.training.ctc_loss import ctc_loss, sparse_labels
from edge_asr.training.fake_quant import activation_ranges
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.ptq import post_training
from edge_asr.training.qat import fine_tune
from edge_asr.training.spec import QuantizeSpec
from edge_asr.training.speech_forms import convert_speech_forms
from edge_asr.zoo.spec import CtcNet, field_frames, stride_frames
from tests.training.causal_models import run_stream
from tests.training.ctc_models import FEATURES, OUTPUTS, TOKENS, network

TUNED = CtcNet(8, channels=(16,), kernels=(5,))
LEAD = field_frames(TUNED) - stride_frames(TUNED)


def utterances(epoch: int):
    """Batches of three lengths: each token is a loud band for eight frames. Targets: labels, output frames."""
    rng = np.random.default_rng(epoch)
    for length in (3, 4, 5) * 10:
        rows = [rng.permutation(np.arange(1, TOKENS))[:length] for _ in range(16)]
        sound = rng.standard_normal((16, LEAD + length * 16, FEATURES, 1)).astype(np.float32) * 0.3
        for row, tokens in enumerate(rows):
            for place, token in enumerate(tokens):
                start = LEAD + 16 * place
                sound[row, start : start + 8, 3 * token - 3 : 3 * token] += 3
        yield sound, (sparse_labels([row.astype(np.int32) for row in rows]), np.full(16, length * 8, np.int32))


def loss(targets, logits):
    labels, frames = targets
    return ctc_loss(labels, logits, frames)


def mean_loss(model: keras.Model) -> float:
    values = [loss(targets, model(features, training=False)) for features, targets in utterances(99)]
    return float(np.mean(np.concatenate([keras.ops.convert_to_numpy(value) for value in values])))


def half_trained() -> keras.Model:
    """A float network that has begun to learn."""
    model = network(TUNED)
    optimizer = keras.optimizers.Adam(1e-2)
    optimizer.build(model.trainable_variables)

    @tf.function(reduce_retracing=True)
    def step(features, targets):
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(targets, model(features, training=True)))
        optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)

    for epoch in (10, 11):
        for batch in utterances(epoch):
            step(*batch)
    return fold_batch_norms(model)


@pytest.fixture(scope="module")
def tuned():
    folded = half_trained()
    windows = np.concatenate([features[:, -48:] for features, _ in utterances(0)])
    before = post_training(folded, windows)
    after = fine_tune(folded, windows, utterances, loss, epochs=2, learning_rate=1e-3)
    return SimpleNamespace(before=before, after=after)


def test_fine_tuning_learns_from_utterances_of_any_length(tuned):
    """On the way from some 30 nats an utterance to hundredths of one: half as many in two epochs is well below what it does."""
    assert mean_loss(tuned.after) < 0.5 * mean_loss(tuned.before) < 10
    pairs = zip(activation_ranges(tuned.before), activation_ranges(tuned.after))
    assert all(float(one.high.numpy()) != float(other.high.numpy()) for one, other in pairs)


def test_the_fine_tuned_network_says_the_same_in_each_form(tuned):
    made = convert_speech_forms(tuned.after, TUNED, QuantizeSpec(forms=("window", "stream")), 4, window_outputs=OUTPUTS)
    window = Interpreter(made.parts["window"].content)
    sound = next(iter(utterances(7)))[0][:1]
    frames = quantize(sound[:, : sound.shape[1] // 4 * 4], window.input)
    found = np.concatenate(run_stream(made.parts["stream"].content, frames, "default")[0], axis=1)[0]
    wanted = window.invoke(frames[:, -window.input.shape[1] :])[0]
    np.testing.assert_array_equal(found[-OUTPUTS:], wanted)
    simulated_logits = keras.ops.convert_to_numpy(tuned.after(sound))[0]
    assert np.mean(simulated_logits.argmax(axis=-1) != 0) > 0.05  # it does say tokens
