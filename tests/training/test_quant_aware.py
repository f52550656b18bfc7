from __future__ import annotations

import keras
import numpy as np
import pytest

from edge_asr.errors import TrainingError
from edge_asr.training.convert import convert_int8
from edge_asr.training.fake_quant import activation_ranges, fake_quant_kernel, kernel_layers, simulate_int8
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.loss import label_loss, soft_labels
from edge_asr.training.ptq import post_training
from edge_asr.training.qat import fine_tune
from tests.training.quant_models import CLASSES, clips, pooling_network, residual_network, run_int8, task

FEATURES, LABELS = task(400, seed=1)
TEST_FEATURES, TEST_LABELS = task(400, seed=2)


def batches(epoch):
    order = np.random.default_rng(epoch).permutation(len(LABELS))
    for part in order.reshape(-1, 40):
        yield FEATURES[part], soft_labels(LABELS[part], CLASSES, 0.05)


def tuned(folded, **changes):
    options = {"epochs": 2, "learning_rate": 1e-3, **changes}
    return fine_tune(folded, FEATURES[:100], batches, label_loss, **options)


@pytest.fixture(scope="module")
def trained():
    """A float network that has learnt the task, folded."""
    keras.utils.set_random_seed(1)
    model = residual_network()
    model.compile(keras.optimizers.Adam(1e-2), label_loss)
    model.fit(FEATURES, soft_labels(LABELS, CLASSES, 0.05), batch_size=40, epochs=30, verbose=0)
    return fold_batch_norms(model)


def int8_accuracy(simulated):
    logits, _ = run_int8(convert_int8(simulated), TEST_FEATURES)
    return np.mean(logits.argmax(axis=1) == TEST_LABELS)


@pytest.mark.parametrize("network", [residual_network, pooling_network])
def test_int8_graph_is_within_two_steps_of_the_fine_tuned_one(network):
    """Rounding of ties and of fixed-point multipliers costs one step; two where an addition follows (toolchain of TFLite)."""
    model = tuned(fold_batch_norms(network()))
    wanted = model(TEST_FEATURES[:100], training=False).numpy()
    content = convert_int8(model)
    for kernels in ("default", "builtin"):
        found, step = run_int8(content, TEST_FEATURES[:100], kernels)
        assert np.abs(found - wanted).max() <= 2.01 * step


def test_no_worse_than_post_training_quantisation(trained):
    """On 400 clips the standard error of a difference between two so similar models is below 1 point: allow 2."""
    assert np.mean(trained(TEST_FEATURES).numpy().argmax(axis=1) == TEST_LABELS) > 0.85
    assert int8_accuracy(tuned(trained)) >= int8_accuracy(post_training(trained, FEATURES[:100])) - 0.02


def test_repairs_what_rounding_breaks(trained):
    """One large weight in each channel takes the other weights' steps away: 15 points are lost to rounding, until fine-tuning
    finds weights that do without the lost steps (it gets above 90 % here, from 62 %)."""
    damaged = keras.models.clone_model(trained)
    damaged.set_weights(trained.get_weights())
    layer = damaged.get_layer("pointwise")
    kernel = layer.kernel.numpy()
    # They read a channel that is silent, so that the float network does not notice how large they are.
    kernel[0, 0, 0] = 300.0
    layer.kernel.assign(kernel)
    depthwise = damaged.get_layer("depthwise")
    kernel, bias = depthwise.kernel.numpy(), depthwise.bias.numpy()
    kernel[:, :, 0], bias[0] = 0.0, 0.0
    depthwise.set_weights([kernel, bias])
    whole = np.mean(damaged(TEST_FEATURES).numpy().argmax(axis=1) == TEST_LABELS)
    broken = int8_accuracy(post_training(damaged, FEATURES[:100]))
    assert broken < whole - 0.1
    assert int8_accuracy(tuned(damaged, epochs=4, learning_rate=5e-3)) > whole


def test_ranges_follow_but_rest_in_the_last_of_several_epochs(trained):
    start = [layer.high.numpy() for layer in activation_ranges(simulate_int8(trained, FEATURES[:100]))]
    # The weights hardly move at this rate.
    one, two = (tuned(trained, epochs=epochs, learning_rate=1e-12) for epochs in (1, 2))
    after_one, after_two = ([layer.high.numpy() for layer in activation_ranges(model)] for model in (one, two))
    assert all(before != after for before, after in zip(start, after_one, strict=True))
    assert after_one == after_two


def test_kernels_end_on_their_int8_grid(trained):
    for layer in kernel_layers(tuned(trained)):
        kernel = layer.kernel.numpy()
        flat = kernel.reshape(-1, layer.bias.shape[0])
        steps = flat / (np.abs(flat).max(axis=0) / 127)
        # float32 holds a step of at most 127 to within 127 * 2^-23, and a few operations were rounded on the way.
        np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)


@pytest.mark.parametrize("name", ["conv", "depthwise", "dense"])
def test_kernel_error_is_at_most_half_a_step_of_each_output_channel(name):
    layer = fold_batch_norms(pooling_network()).get_layer(name)
    kernel = layer.kernel.numpy()
    kernel[..., 0] *= 100  # another channel's size must not matter
    error = np.abs(fake_quant_kernel(layer, kernel).numpy() - kernel).reshape(-1, layer.bias.shape[0])
    step = np.abs(kernel).reshape(error.shape).max(axis=0) / 127
    assert (error <= step * 0.5001).all()
    assert error.max() > 0


def test_same_arguments_give_the_same_weights(trained):
    for one, other in zip(tuned(trained).get_weights(), tuned(trained).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_progress_and_broken_losses(trained):
    seen = []
    tuned(trained, epochs=1, progress=lambda *call: seen.append(call))
    assert seen[-1] == ("fine-tuning, epoch 1 of 1", 10, 0)
    with pytest.raises(TrainingError, match="not finite"):
        fine_tune(trained, clips(8), batches, lambda y, x: label_loss(y, x) * np.nan, epochs=1, learning_rate=1e-3)
    with pytest.raises(TrainingError, match="no batches"):
        fine_tune(trained, clips(8), lambda _: [], label_loss, epochs=1, learning_rate=1e-3)
