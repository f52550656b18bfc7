"""The forms of a model from one simulated int8 network: same weights, same ranges, same bits."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from edge_asr.bundle.manifest import Form
from edge_asr.bundle.store import ModelPart
from edge_asr.errors import ConversionError
from edge_asr.progress import Progress, no_progress
from edge_asr.training.convert import convert_int8
from edge_asr.training.resource_file import states_in_variables
from edge_asr.training.slim import slim
from edge_asr.training.spec import QuantizeSpec
from edge_asr.training.stream_file import convert_stream
from edge_asr.training.tflite_file import tensor_specs
from edge_asr.training.unit_scale import with_unit_scales


@dataclass(frozen=True)
class Forms:
    """What goes into a bundle."""

    parts: dict[Form, ModelPart]
    """In the order of the recipe's `quantize.forms`."""
    bytes_saved: int
    """What slimming took off the window form."""


def convert_forms(
    simulated: keras.Model,
    settings: QuantizeSpec,
    step_frames: int,
    *,
    field_frames: int = 0,
    progress: Progress = no_progress,
) -> Forms:
    """The slimmed int8 files of `settings.forms`; the streaming ones take `step_frames` frames a step.

    `field_frames`: frames that decide an output, of a network with several outputs in a window; 0: the whole window does.
    Raises `ConversionError` when the converter refuses the network, it can't stream but should, or a file has more than
    `settings.max_bytes`.
    """
    progress("converting", 0, 1)
    scaled = with_unit_scales(simulated)
    converted: dict[Form, bytes] = {"window": convert_int8(scaled)}
    if set(settings.forms) != {"window"}:
        converted["stream"] = convert_stream(scaled, step_frames)
    if "resource" in settings.forms:
        converted["resource"] = states_in_variables(converted["stream"])
    fields = dict.fromkeys(settings.forms, field_frames or int(simulated.inputs[0].shape[1]))
    fields["window"] = field_frames
    parts: dict[Form, ModelPart] = {
        form: _part(form, slim(converted[form]), fields[form], settings.max_bytes) for form in settings.forms
    }
    progress("converting", 1, 1)
    return Forms(parts, len(converted["window"]) - len(parts["window"].content))


def _part(form: Form, content: bytes, field_frames: int, max_bytes: int) -> ModelPart:
    if 0 < max_bytes < len(content):
        raise ConversionError(
            f"the int8 model ({form} form) has {len(content)} bytes, quantize.max_bytes allows {max_bytes}: "
            "make the network smaller"
        )
    inputs, outputs = tensor_specs(content)
    return ModelPart(content, inputs[0], outputs[0], inputs[1:], field_frames)
