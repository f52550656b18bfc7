from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from edge_asr.bundle.quantization import dequantize, quantize
from edge_asr.data.speech_table import SpeechTable
from edge_asr.errors import ConversionError
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.training.convert import convert_int8
from edge_asr.training.ctc_loss import ctc_loss, sparse_labels
from edge_asr.training.fake_quant import activation_ranges
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.graph import copy_model
from edge_asr.training.ptq import post_training
from edge_asr.training.qat import fine_tune
from edge_asr.training.spec import QuantizeSpec
from edge_asr.training.speech_forms import convert_speech_forms, representative_windows, window_frames
from edge_asr.training.streaming import streaming_model
from edge_asr.training.tflite_file import operator_counts
from edge_asr.zoo.spec import CtcNet, field_frames, stride_frames
from tests.training.causal_models import fresh_states, run_stream, steps
from tests.training.ctc_models import (
    FEATURES,
    OUTPUTS,
    SPECS,
    TOKENS,
    features,
    forms,
    lifelike_stream,
    network,
    random_stream,
    simulated,
)

FORMS = [("stride 2", 4), ("stride 2", 16), ("stride 4", 4), ("stride 4", 12), ("stem of stride 4", 8), ("dilated", 3)]
KERNELS = ["default", "builtin"]
EDGE_TPU = {"ADD", "CONV_2D", "DEPTHWISE_CONV_2D", "PAD", "RESHAPE", "STRIDED_SLICE"}
"""Of those that its compiler maps, what these networks need."""


def outputs_of_windows(model: bytes, frames: np.ndarray, stride: int, kernels) -> dict[int, np.ndarray]:
    """The stored logits of each output frame of windows that overlap by half, by the number of the output frame."""
    interpreter = Interpreter(model, kernels=kernels)
    window, outputs = interpreter.input.shape[1], interpreter.output.shape[1]
    first = -(-window // stride) * stride
    found: dict[int, np.ndarray] = {}
    for end in range(first, frames.shape[1] + 1, stride * (outputs // 2)):
        logits = interpreter.invoke(frames[:, end - window : end])[0]
        for number, output in enumerate(logits, start=end // stride - outputs):
            np.testing.assert_array_equal(output, found.setdefault(number, output))  # wherever it lies in the window
    return found


@pytest.mark.parametrize("stream", [random_stream, lifelike_stream])
@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize(("name", "step"), FORMS)
def test_window_stream_and_resource_say_the_same_bit_for_bit(name, step, kernels, stream):
    parts, stride = forms(name, step).parts, stride_frames(SPECS[name])
    interpreter = Interpreter(parts["resource"].content, kernels=kernels)
    frames = stream(interpreter, 300 * step)
    found = np.concatenate(run_stream(parts["stream"].content, frames, kernels)[0], axis=1)[0]
    resource = np.concatenate([interpreter.invoke(new) for new in steps(frames, step)], axis=1)[0]
    np.testing.assert_array_equal(resource, found)
    wanted = outputs_of_windows(parts["window"].content, frames, stride, kernels)
    assert len(wanted) > 200
    np.testing.assert_array_equal(found[list(wanted)], list(wanted.values()))
    assert len(np.unique(found, axis=0)) > 100  # most answers differ: nothing is stuck


@pytest.mark.parametrize("kernels", KERNELS)
def test_every_output_of_an_hour(kernels):
    """90,000 of them: no error can build up in the states, which are copies of what layers have put out."""
    parts = forms("stride 2", 16).parts
    frames = random_stream(Interpreter(parts["window"].content), 3600 * 50)
    found = np.concatenate(run_stream(parts["stream"].content, frames, kernels)[0], axis=1)[0]
    wanted = outputs_of_windows(parts["window"].content, frames, 2, kernels)
    assert len(wanted) > 89_900
    np.testing.assert_array_equal(found[list(wanted)], list(wanted.values()))


def test_steps_of_any_length_say_the_same():
    frames = random_stream(Interpreter(forms("stride 2", 4).parts["window"].content), 960)
    short, long = (
        np.concatenate(run_stream(forms("stride 2", n).parts["stream"].content, frames, "default")[0], 1) for n in (4, 16)
    )
    np.testing.assert_array_equal(short, long)


@pytest.mark.parametrize(("name", "step"), FORMS)
def test_an_output_frame_of_a_stream_ends_with_its_last_frame(name, step):
    """Output j is computed from the field that ends with frame (j + 1) * stride, and from nothing else."""
    parts, spec = forms(name, step).parts, SPECS[name]
    field, stride = field_frames(spec), stride_frames(spec)
    interpreter = Interpreter(parts["stream"].content)
    frames = random_stream(interpreter, 40 * step)
    plain = np.concatenate(run_stream(parts["stream"].content, frames, "default")[0], axis=1)[0]
    place = 20 * step + 1
    frames[:, place] = frames[:, place] // 2 + 90 * (frames[:, place] < 0)
    changed = np.concatenate(run_stream(parts["stream"].content, frames, "default")[0], axis=1)[0]
    differs = set(np.flatnonzero((plain != changed).any(axis=1)))
    sees = {j for j in range(len(plain)) if (j + 1) * stride - field <= place < (j + 1) * stride}
    assert differs <= sees
    assert len(differs) > len(sees) / 2  # some see it through one small weight


@pytest.mark.parametrize(("name", "step"), FORMS)
def test_shapes_and_fields_that_a_speech_bundle_states(name, step):
    parts, spec = forms(name, step).parts, SPECS[name]
    window, stream, resource = (parts[form] for form in ("window", "stream", "resource"))
    assert {part.field_frames for part in parts.values()} == {field_frames(spec)}
    assert window.input.shape == (1, window_frames(spec, OUTPUTS), FEATURES, 1)
    assert window.output.shape == (1, OUTPUTS, TOKENS)
    assert stream.input.shape == resource.input.shape == (1, step, FEATURES, 1)
    assert stream.output.shape == resource.output.shape == (1, step // stride_frames(spec), TOKENS)
    assert len(stream.states) == 1 + len(spec.channels) - (spec.stem_kernel[0] <= spec.stem_stride[0])
    assert (window.states, resource.states) == ((), ())


@pytest.mark.parametrize("name", SPECS)
def test_the_window_form_has_only_operators_that_the_edge_tpu_maps(name):
    step = next(step for known, step in FORMS if known == name)
    assert set(operator_counts(forms(name, step).parts["window"].content)) <= EDGE_TPU


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("name", SPECS)
def test_int8_is_within_two_steps_of_the_simulated_network(name, kernels):
    """Rounding of ties and of fixed-point multipliers costs one step; two where an addition follows (toolchain of TFLite)."""
    step = next(step for known, step in FORMS if known == name)
    interpreter = Interpreter(forms(name, step).parts["window"].content, kernels=kernels)
    windows = features(20, interpreter.input.shape[1], seed=5)
    wanted = keras.ops.convert_to_numpy(simulated(name)(windows))
    found = np.concatenate(
        [dequantize(interpreter.invoke(quantize(one[None], interpreter.input)), interpreter.output) for one in windows]
    )
    assert np.abs(found - wanted).max() <= 2.01 * interpreter.output.scale
    assert np.ptp(wanted) > 50 * interpreter.output.scale


def test_a_network_of_any_length_has_no_file():
    with pytest.raises(ConversionError, match="fixed number of frames"):
        convert_int8(simulated("stride 2"))


@pytest.mark.parametrize("name", ["stride 2", "stride 4"])
def test_a_step_must_bring_whole_output_frames(name):
    stride = stride_frames(SPECS[name])
    fixed = copy_model(simulated(name), frames=window_frames(SPECS[name], OUTPUTS))
    with pytest.raises(ConversionError, match=rf"multiple of {stride} frames.*decode\.step_ms"):
        streaming_model(fixed, stride + 1)


def test_a_limit_of_bytes_holds_for_each_form():
    settings = QuantizeSpec(max_bytes=1000)
    with pytest.raises(ConversionError, match="quantize.max_bytes allows 1000"):
        convert_speech_forms(simulated("stride 2"), SPECS["stride 2"], settings, 4, window_outputs=OUTPUTS)


# --- the representative set ---


def table(lengths: list[int]) -> SpeechTable:
    """Each frame tells where it comes from: the row's number, and then its own."""
    rows = [np.tile([number] + [0] * (FEATURES - 1), (n, 1)) for number, n in enumerate(lengths)]
    for row in rows:
        row[:, 1] = np.arange(len(row))
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ids = tuple(f"{number}#0" for number in range(len(lengths)))
    none = np.zeros(0, np.int32), np.zeros(len(lengths) + 1, np.int64)
    features16 = np.concatenate([*rows, np.zeros((0, FEATURES))]).astype(np.float16)
    return SpeechTable(features16, starts, *none, ids, ("",) * len(ids))


SILENCE = np.full(FEATURES, -9.0, np.float32)


def test_windows_are_what_a_stream_hears_at_some_moment():
    data = table([5, 40, 300, 7, 64])
    windows = representative_windows(data, 10, 20, SILENCE, np.random.default_rng(0))
    assert (windows.shape, windows.dtype) == ((5, 20, FEATURES, 1), np.float32)
    for number, window in enumerate(windows[..., 0]):
        heard = window[window[:, 0] != -9]
        first = int(heard[0, 1])
        np.testing.assert_array_equal(heard, data.frames_of(number)[first : first + len(heard)])
        np.testing.assert_array_equal(window[: 20 - len(heard)], np.tile(SILENCE, (20 - len(heard), 1)))
        assert first == 0 or len(heard) == 20  # silence only before an utterance's first frame
        assert len(heard) >= min(10, data.lengths[number])


def test_windows_are_of_different_utterances_and_follow_from_the_generator():
    data = table([30] * 50)
    one, same, other = (representative_windows(data, 20, 20, SILENCE, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert len(set(one[:, -1, 0, 0])) == 20
    assert len(set(one[:, -1, 1, 0])) > 5  # they end anywhere


def test_no_utterances_no_windows():
    with pytest.raises(ConversionError, match="training utterances .*found none"):
        representative_windows(table([]), 5, 20, SILENCE, np.random.default_rng(0))


# --- fine-tuning on whole utterances ---

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
    window, stream = (Interpreter(made.parts[form].content) for form in ("window", "stream"))
    sound = next(iter(utterances(7)))[0][:1]
    frames = quantize(sound[:, : sound.shape[1] // 4 * 4], window.input)
    states, found = fresh_states(stream), []
    for new in steps(frames, 4):
        logits, states = stream.step(new, states)
        found.append(logits[0])
    wanted = window.invoke(frames[:, -window.input.shape[1] :])[0]
    np.testing.assert_array_equal(np.concatenate(found)[-OUTPUTS:], wanted)
    simulated_logits = keras.ops.convert_to_numpy(tuned.after(sound))[0]
    assert np.mean(simulated_logits.argmax(axis=-1) != 0) > 0.05  # it does say tokens
