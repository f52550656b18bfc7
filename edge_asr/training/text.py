"""Reports as lines of text, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_asr.bundle.manifest import UNKNOWN

if TYPE_CHECKING:
    from edge_asr.training.evaluate import Evaluation
    from edge_asr.training.quantize_report import QuantizeReport

WORST = 5


def quantize_text(report: QuantizeReport) -> str:
    """What quantisation did: size, operators, accuracy, where the error comes from."""
    operators = ", ".join(f"{count} {name}" for name, count in sorted(report.operators.items(), key=lambda item: -item[1]))
    forms = ", ".join(f"{form} {size:,} bytes" for form, size in report.form_bytes.items())
    lines = [
        f"{report.bundle}: {report.method}, {forms} ({report.bytes_saved:,} saved by slimming the window form)",
        f"operators: {operators}",
    ]
    lines.append(f"validation: {report.validation or 'nothing to compare with'}")
    lines.append("where post-training rounding hurts most (signal to quantisation noise at the logits):")
    lines += [f"  {error.layer} {error.part}: {error.sqnr_db:.1f} dB" for error in report.worst_layers[:WORST]]
    return "\n".join(lines)


def evaluation_text(evaluation: Evaluation) -> str:
    """Accuracy with its interval, recall and precision of each label, what was left out."""
    lines = [
        f"{evaluation.bundle} ({evaluation.model_bytes:,} bytes) on {evaluation.data}: accuracy {evaluation.accuracy}, "
        f"95 % interval, {evaluation.clips} clips, {evaluation.speakers or 'no known'} speakers, {evaluation.interpreter}",
        f"{'label':<12} {'clips':>5}  {'recall':<24} precision",
    ]
    lines += [
        f"{score.label:<12} {score.recall.total:>5}  {score.recall!s:<24} {score.precision}" for score in evaluation.classes
    ]
    if evaluation.left_out:
        some = "; ".join(f"{item.path.name}: {item.why}" for item in evaluation.left_out[:WORST])
        lines.append(f"left out: {len(evaluation.left_out)} ({some}{' ...' if len(evaluation.left_out) > WORST else ''})")
        if any(item.why == "not a label of the bundle" for item in evaluation.left_out) and UNKNOWN in evaluation.labels:
            lines.append(f"(--others counts folders that are no label as {UNKNOWN})")
    return "\n".join(lines)
