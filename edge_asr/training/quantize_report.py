"""What came of making a network int8, and what its bundle says of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_asr.config import to_table
from edge_asr.training.recipe import Recipe, recipe_table

if TYPE_CHECKING:
    from edge_asr.training.compare import Comparison
    from edge_asr.training.forms import Forms
    from edge_asr.training.layer_error import LayerError
    from edge_asr.training.speech_compare import SpeechComparison

WORST_LAYERS = 8


@dataclass(frozen=True)
class QuantizeReport:
    """What came of it; `config.to_table` makes it ready for JSON."""

    bundle: Path
    method: str
    """`ptq` or `qat`."""
    model_bytes: int
    """Of the window form, as all below."""
    bytes_saved: int
    """What slimming took off."""
    form_bytes: dict[str, int]
    """Size of each form's file."""
    operators: dict[str, int]
    """How often the model has each operator."""
    validation: Comparison | SpeechComparison | None
    """Of clips, or of a recogniser's utterances; None without any."""
    worst_layers: tuple[LayerError, ...]
    """Of the network as it was trained, before any fine-tuning; the worst first."""


def report_on(
    bundle: Path,
    method: str,
    forms: Forms,
    validation: Comparison | SpeechComparison | None,
    layers: Sequence[LayerError],
) -> QuantizeReport:
    """The report on `forms`; `layers` are sorted, the worst first."""
    from edge_asr.training.tflite_file import operator_counts

    model = forms.parts["window"].content
    sizes: dict[str, int] = {form: len(part.content) for form, part in forms.parts.items()}
    operators = operator_counts(model)
    return QuantizeReport(
        bundle, method, len(model), forms.bytes_saved, sizes, operators, validation, tuple(layers[:WORST_LAYERS])
    )


def provenance_of(recipe: Recipe, run: dict[str, Any], report: QuantizeReport) -> dict[str, Any]:
    """For the manifest: the recipe, the facts of the `run` folder, and what was measured here."""
    measured = to_table(replace(report, bundle=Path()))
    del measured["bundle"]
    return {
        "recipe": recipe_table(recipe),
        "seed": recipe.train.seed,
        "versions": run.get("versions", {}),
        "data": run.get("data", ""),
        **{key: run[key] for key in ("began_with",) if key in run},
        "quantize": measured,
    }
