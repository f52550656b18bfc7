"""The operators that the Edge TPU's compiler maps, and why it does not map a given one.

`SUPPORTED` is Coral's list (coral.ai/docs/edgetpu/models-intro), with the versions of operators that the compiler's last
release, 16.0 of 2021, is known to refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge_asr.export import edgetpu_rules as rules
from edge_asr.export.edgetpu_rules import Objection, Rule
from edge_asr.export.tflite_model import Operator, Tensor

MAPPED_DIMENSIONS = 3
"""The innermost ones, which alone may be above 1."""
_STORED = ("int8", "uint8")
_PARAMETERS = (*_STORED, "int32", "int64")
"""Biases are int32, and so are axes and shapes."""


@dataclass(frozen=True)
class Support:
    """How the Edge TPU supports an operator."""

    parameters: tuple[int, ...] = ()
    """Inputs that must be constants, where they are there."""
    rules: tuple[Rule, ...] = ()
    runtime: int = 0
    """The oldest Edge TPU runtime that has it; 0: all."""
    newest: int = 0
    """The newest version of the operator that the compiler takes; 0: any."""


_ANY, _CONVOLUTION = Support(), Support((1, 2), (rules.same_dilation,))
_POOLING, _REDUCTION = Support((), (rules.no_activation,)), Support((1,), (rules.keeps_batch,))
_LSTM = Support(tuple(range(1, 18)))

SUPPORTED: Mapping[str, Support] = {
    "ADD": _ANY,
    "AVERAGE_POOL_2D": _POOLING,
    "CONCATENATION": Support((), (rules.no_activation, rules.joins_zeros_only)),
    "CONV_2D": Support((1, 2), (rules.same_dilation,), newest=5),
    "DEPTHWISE_CONV_2D": _CONVOLUTION,
    "EXPAND_DIMS": Support((1,)),
    "FULLY_CONNECTED": Support((1, 2), (rules.row_of_outputs,)),
    "L2_NORMALIZATION": _ANY,
    "LOGISTIC": _ANY,
    "LSTM": _LSTM,
    "MAXIMUM": _ANY,
    "MAX_POOL_2D": _POOLING,
    "MEAN": Support((1,), (rules.mean_over_x_and_y,)),
    "MINIMUM": _ANY,
    "MUL": _ANY,
    "PACK": Support((), (rules.packs_no_batch,)),
    "PAD": Support((1,), (rules.pads_no_batch,)),
    "PRELU": Support((1,), (rules.one_slope_a_channel,)),
    "QUANTIZE": _ANY,
    "REDUCE_MAX": _REDUCTION,
    "REDUCE_MIN": _REDUCTION,
    "RELU": _ANY,
    "RELU6": _ANY,
    "RELU_N1_TO_1": _ANY,
    "RESHAPE": Support((1,)),
    "RESIZE_BILINEAR": Support((1,), newest=2),
    "RESIZE_NEAREST_NEIGHBOR": Support((1,), newest=2),
    "RSQRT": Support(runtime=14),
    "SLICE": Support((1, 2)),
    "SOFTMAX": Support((), (rules.softmax_of_a_row,)),
    "SPACE_TO_DEPTH": _ANY,
    "SPLIT": Support((0,), (rules.splits_no_batch,)),
    "SQUARED_DIFFERENCE": Support(runtime=14),
    "SQUEEZE": Support((), (rules.squeezes_the_front,)),
    "STRIDED_SLICE": Support((1, 2, 3), (rules.slices_whole,)),
    "SUB": _ANY,
    "SUM": Support((1,), runtime=13),
    "TANH": _ANY,
    "TRANSPOSE": Support((1,), runtime=14),
    "TRANSPOSE_CONV": Support((0, 1, 3), runtime=13),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _LSTM,
}

_NO_VARIABLES = "use the window form: resource variables stay on the CPU"
_INT8 = "make it int8 from the input to the output, as `invoke quantize` does"
INSTEAD: Mapping[str, str] = {
    "ASSIGN_VARIABLE": _NO_VARIABLES,
    "CALL_ONCE": _NO_VARIABLES,
    "READ_VARIABLE": _NO_VARIABLES,
    "VAR_HANDLE": _NO_VARIABLES,
    "BATCH_TO_SPACE_ND": "use no dilation: the converter makes it of dilated convolutions with padding",
    "SPACE_TO_BATCH_ND": "use no dilation: the converter makes it of dilated convolutions with padding",
    "BIDIRECTIONAL_SEQUENCE_LSTM": "use an LSTM in one direction",
    "DEQUANTIZE": _INT8,
    "ELU": "use ReLU",
    "GELU": "use ReLU",
    "HARD_SWISH": "use ReLU, as the zoo's networks do, or ReLU6",
    "LEAKY_RELU": "use ReLU, or a PReLU with one slope a channel",
    "edgetpu-custom-op": "compile the file that this one was compiled from",
}
"""What to do about an operator that is not supported."""
_OTHER = "build it from operators that map: docs/accelerators.md lists them"


def objection(operator: Operator) -> Objection | None:
    """Why an operator is not mapped, whatever is before it; None: it is."""
    support = SUPPORTED.get(operator.name)
    if support is None:
        return Objection("the Edge TPU has no such operator", INSTEAD.get(operator.name, _OTHER))
    found = _tensors(operator, support)
    if found is None and 0 < support.newest < operator.version:
        reason = f"version {operator.version} of it is newer than {support.newest}, the newest that the compiler takes"
        found = Objection(reason, "convert it with an older TensorFlow, or build it from other operators")
    return found or next(filter(None, (rule(operator) for rule in support.rules)), None)


def _tensors(operator: Operator, support: Support) -> Objection | None:
    """What holds for the tensors of every operator: int8, of fixed shape, of three dimensions, parameters known."""
    parameters = [tensor for at, tensor in enumerate(operator.inputs) if tensor is not None and at in support.parameters]
    data = [tensor for at, tensor in enumerate(operator.inputs) if tensor is not None and at not in support.parameters]
    computed = [tensor for tensor in (*data, *operator.outputs) if tensor.data is None]
    if not operator.outputs or not any(tensor.data is None for tensor in data):
        return Objection("it computes on constants alone", "compute it beforehand")
    return (
        _first(_dtype(tensor, _STORED) for tensor in (*data, *operator.outputs))
        or _first(_shape(tensor) for tensor in computed)
        or _first(_parameter(tensor) for tensor in parameters)
    )


def _first(found: Iterable[Objection | None]) -> Objection | None:
    return next(filter(None, found), None)


def _dtype(tensor: Tensor, allowed: tuple[str, ...]) -> Objection | None:
    return None if tensor.dtype in allowed else Objection(f"it works on {tensor.described}, which is not int8", _INT8)


def _shape(tensor: Tensor) -> Objection | None:
    if min(tensor.shape, default=1) < 0:
        return Objection(f"its shape {list(tensor.shape)} is open", "take a fixed number of frames, and a batch of 1")
    if max(tensor.shape[:-MAPPED_DIMENSIONS], default=1) > 1:
        reason = f"{list(tensor.shape)} has more than its {MAPPED_DIMENSIONS} innermost dimensions above 1"
        return Objection(reason, "compute on a batch of 1 and on no more than time, frequency and channels")
    return None


def _parameter(tensor: Tensor) -> Objection | None:
    if tensor.data is None:
        return Objection(
            f"its parameter {tensor.described} is computed, not a constant", "use weights, axes and shapes that are fixed"
        )
    return _dtype(tensor, _PARAMETERS)
