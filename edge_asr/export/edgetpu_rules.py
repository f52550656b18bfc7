"""What an operator must be like for the Edge TPU's compiler to map it, beyond what holds for all; see `edgetpu_support`.

From Coral's list of supported operations (coral.ai/docs/edgetpu/models-intro). The dimensions of a tensor are batch, y (time),
x (frequency) and z (channels). A rule takes an `Operator` whose tensors are int8 or constant, and gives an `Objection` or None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from edge_asr.export.tflite_model import Operator, Tensor

MOST_SOFTMAX_INPUTS = 16_000
Z_MULTIPLE = 4
"""A mean over z needs such a number of channels."""


@dataclass(frozen=True)
class Objection:
    """Why an operator is not mapped."""

    reason: str
    change: str
    """What helps, where possible in the words of a recipe."""


Rule: TypeAlias = Callable[[Operator], Objection | None]


def no_activation(operator: Operator) -> Objection | None:
    """Nothing fused into it, like a ReLU."""
    if not operator.options.get("fusedActivationFunction", 0):
        return None
    return Objection("an activation function is fused into it", "put the activation in front of it")


def same_dilation(operator: Operator) -> Objection | None:
    """Dilated equally in y and x."""
    y, x = (operator.options.get(f"dilation{axis}Factor", 1) for axis in "HW")
    if y == x:
        return None
    change = "dilate equally in both, or not at all"
    return Objection(f"it is dilated by {y} in y and {x} in x, which must be the same", change)


def joins_zeros_only(operator: Operator) -> Objection | None:
    """A constant is joined to one other input, and is all zeros."""
    constants = [tensor for tensor in operator.inputs if tensor is not None and tensor.data is not None]
    if not constants or (len(operator.inputs) == 2 and all(map(_is_zero, constants))):
        return None
    return Objection("it joins a constant that is not all zeros, or joins it to several inputs", "pad with zeros (PAD)")


def row_of_outputs(operator: Operator) -> Objection | None:
    """Default format of the weights, and one row of outputs."""
    if operator.options.get("weightsFormat", 0):
        return Objection("its weights are shuffled", "convert it again with the default format of weights")
    if all(_is_row(tensor) for tensor in operator.outputs):
        return None
    return Objection(
        f"its output {list(operator.outputs[0].shape)} is more than one row",
        "make it a convolution of 1 x 1, which computes the same",
    )


def mean_over_x_and_y(operator: Operator) -> Objection | None:
    """No mean over the batch; over z only of a multiple of 4 channels."""
    shape, axes = _reduced(operator)
    channels = shape[-1] if shape else 1
    if len(shape) - 1 in axes and channels % Z_MULTIPLE:
        change = f"have a multiple of {Z_MULTIPLE} channels, or average over time and frequency alone"
        return Objection(f"it averages over {channels} channels, no multiple of {Z_MULTIPLE}", change)
    return keeps_batch(operator)


def keeps_batch(operator: Operator) -> Objection | None:
    """Nothing reduced over the batch."""
    return _of_batch("it reduces the batch") if 0 in _reduced(operator)[1] else None


def packs_no_batch(operator: Operator) -> Objection | None:
    """Not stacked along the batch."""
    rank = max((len(tensor.shape) for tensor in operator.outputs), default=0)
    return _of_batch("it stacks along the batch") if operator.options.get("axis", 0) in (0, -rank) else None


def pads_no_batch(operator: Operator) -> Objection | None:
    """The batch is not padded."""
    paddings = _input(operator, 1)
    return _of_batch("it pads the batch") if paddings is not None and paddings.values[:2].any() else None


def splits_no_batch(operator: Operator) -> Objection | None:
    """The batch is not split."""
    axes, value = _input(operator, 0), _input(operator, 1)
    rank = len(value.shape) if value is not None else 0
    return _of_batch("it splits the batch") if axes is not None and np.isin(axes.values, (0, -rank)).any() else None


def one_slope_a_channel(operator: Operator) -> Objection | None:
    """A PReLU's slopes differ between channels only."""
    slopes = _input(operator, 1)
    if slopes is None or _is_row(slopes):
        return None
    return Objection(
        f"its slopes {list(slopes.shape)} differ within a channel", "have one slope a channel (Keras: shared_axes = [1, 2])"
    )


def softmax_of_a_row(operator: Operator) -> Objection | None:
    """One row, of no more than 16,000."""
    found = next((tensor for tensor in operator.inputs if tensor is not None), None)
    if found is None or (_is_row(found) and found.shape[-1:] <= (MOST_SOFTMAX_INPUTS,)):
        return None
    change = "leave it out: models end in logits here, and the runtime does the softmax"
    return Objection(f"its input {list(found.shape)} is not one row of at most {MOST_SOFTMAX_INPUTS:,}", change)


def squeezes_the_front(operator: Operator) -> Objection | None:
    """Only leading dimensions of 1 go."""
    before, after = operator.inputs[0], operator.outputs[0]
    leading = len(before.shape) - len(after.shape) if before is not None else 0
    if before is None or (set(before.shape[:leading]) <= {1} and before.shape[leading:] == after.shape):
        return None
    return Objection(f"it squeezes {list(before.shape)} to {list(after.shape)}, not leading ones alone", "reshape (RESHAPE)")


def slices_whole(operator: Operator) -> Objection | None:
    """Strides of 1, no ellipsis and no new axis."""
    strides = _input(operator, 3)
    if strides is not None and (strides.values != 1).any():
        return Objection(
            f"its strides are {strides.values.tolist()}, which must be 1", "give the stride to the convolution before it"
        )
    if operator.options.get("ellipsisMask", 0) or operator.options.get("newAxisMask", 0):
        return Objection("it slices with an ellipsis or a new axis", "name every dimension, and reshape")
    return None


def _of_batch(reason: str) -> Objection:
    return Objection(reason, "compute on time, frequency or channels: the batch is 1")


def _input(operator: Operator, position: int) -> Tensor | None:
    return operator.inputs[position] if position < len(operator.inputs) else None


def _reduced(operator: Operator) -> tuple[tuple[int, ...], set[int]]:
    """The shape of what is reduced, and over which axes, counted from the front."""
    value, axes = operator.inputs[0], _input(operator, 1)
    shape = value.shape if value is not None else ()
    return shape, set() if axes is None else {int(axis) % max(len(shape), 1) for axis in axes.values}


def _is_row(tensor: Tensor) -> bool:
    return set(tensor.shape[:-1]) <= {1}


def _is_zero(tensor: Tensor) -> bool:
    """Stored zeros are at the zero point."""
    zero = int(tensor.zero_points[0]) if tensor.zero_points.size else 0
    return bool((tensor.values == zero).all())
