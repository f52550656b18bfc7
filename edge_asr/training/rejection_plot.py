"""The picture of what limits of rejection do."""

from __future__ import annotations

from collections.abc import Sequence

from edge_asr.training.det_plots import SHIPPED
from edge_asr.training.metrics import Proportion
from edge_asr.training.plots import VALIDATION, as_svg, new_figure
from edge_asr.training.rejection import RejectionPoint


def rejection_svg(curve: Sequence[RejectionPoint], shipped: RejectionPoint) -> str:
    """What is refused wrongly over what is accepted wrongly, at every limit, with 95 % intervals of the shipped one, as SVG."""
    figure = new_figure(8.4, 2.8)
    axes = figure.subplots()
    across, up = zip(*(_place(point) for point in curve))
    axes.plot(across, up, color=VALIDATION, marker=".", markersize=3, linewidth=1.2)
    x, y = _place(shipped)
    (left, right), (low, high) = _interval(shipped.outside), _interval(shipped.inside)
    bars = {"xerr": [[x - left], [right - x]], "yerr": [[y - (100 - high)], [100 - low - y]]}
    axes.errorbar([x], [y], **bars, color=SHIPPED, marker="o", markersize=4, linewidth=1)
    axes.set_xlabel("accepted of what should be refused, %", fontsize=9)
    axes.set_ylabel("refused of what is right, %", fontsize=9)
    axes.grid(color="black", alpha=0.12, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    return as_svg(figure)


def _place(point: RejectionPoint) -> tuple[float, float]:
    return 100 * (point.outside.value or 0.0), 100 - 100 * (point.inside.value or 0.0)


def _interval(share: Proportion) -> tuple[float, float]:
    low, high = share.interval or (0.0, 1.0)
    return 100 * low, 100 * high
