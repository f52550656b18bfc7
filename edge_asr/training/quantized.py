"""What the report shows of a model's way from float to int8, taken from its bundle's provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

METHODS = {"ptq": "post-training", "qat": "fine-tuned with fake quantisation"}


@dataclass(frozen=True)
class Quantized:
    """Facts and layer errors, as they are shown."""

    facts: tuple[tuple[str, str], ...]
    """Name and value."""
    layers: tuple[tuple[str, float], ...]
    """A part of the network, and the error of the logits when it alone is int8, relative to them; the largest first."""

    @property
    def largest(self) -> float:
        """The largest layer error, never 0."""
        return max((error for _, error in self.layers), default=0.0) or 1.0


def describe_quantization(table: Mapping[str, Any]) -> Quantized | None:
    """`table`: a `QuantizeReport` as `config.to_table` gives it, such as a manifest's `provenance["quantize"]`.

    None when it is something else: provenance is for people, and nothing checks what a bundle from elsewhere says there.
    """
    try:
        sizes = table.get("form_bytes") or {"window": table["model_bytes"]}  # bundles of earlier versions have one form
        facts = [("Method", METHODS[table["method"]])]
        facts += [(f"Size, {form} form", f"{int(size):,} bytes") for form, size in sizes.items()]
        validation = table.get("validation")
        if validation:
            facts += [
                ("Float accuracy, validation", f"{100 * float(validation['float_accuracy']):.1f} %"),
                ("int8 accuracy, validation", f"{100 * float(validation['int8_accuracy']):.1f} %"),
                ("Same answer of both", f"{100 * float(validation['agreement']):.1f} %"),
            ]
        operators = sorted(table["operators"].items(), key=lambda item: (-int(item[1]), item[0]))
        facts.append(("Operators", ", ".join(f"{int(count)} {name}" for name, count in operators)))
        layers = [(f"{e['layer']}, {e['part']}", 10 ** (-float(e["sqnr_db"]) / 20)) for e in table["worst_layers"]]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return Quantized(tuple(facts), tuple(sorted(layers, key=lambda layer: -layer[1])))
