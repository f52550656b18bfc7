"""Pictures for the page about a wake word: misses against false accepts, and how long it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.training.det import HIGHEST_RATE, DetCurve, OperatingPoint
from edge_asr.training.metrics import Proportion
from edge_asr.training.plots import VALIDATION, as_svg, new_figure

SHIPPED = "#d95b14"
COLUMNS = 3
TICKS = (0.01, 0.1, 0.5, 2.0, 10.0)
"""False accepts an hour."""
LATENCY_STEP = 0.1
"""Seconds a bar."""


def det_svg(curve: DetCurve, shipped: OperatingPoint, conditions: Sequence[str]) -> str:
    """A panel for each condition as one SVG: misses over false accepts an hour, with bands of 95 %, and the shipped threshold.

    No false accept at all is drawn at half an event.
    """
    rows = -(-len(conditions) // COLUMNS)
    figure = new_figure(8.4, 2.5 * rows)
    panels = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).flat
    hours = shipped.false_accepts.hours
    for axes, condition in zip(panels, conditions):
        _curve(axes, curve.points, condition)
        _shipped(axes, shipped, condition)
        axes.set_title(condition, fontsize=10, loc="left")
    for axes in panels:  # what is left has no condition
        axes.set_visible(False)
    lowest = 0.5 / hours
    first = figure.axes[0]
    first.set_xscale("log")
    first.set_xlim(min(lowest, HIGHEST_RATE) / 1.5, HIGHEST_RATE * 1.2)
    first.set_ylim(0, _highest(curve, shipped, conditions))
    ticks = [tick for tick in TICKS if tick >= lowest]
    first.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
    first.set_xticks([], minor=True)
    figure.supxlabel("false accepts an hour", fontsize=9)
    figure.supylabel("missed, %", fontsize=9)
    return as_svg(figure)


def latency_svg(latencies: NDArray[np.float64]) -> str:
    """A histogram of `latencies`, seconds from the end of the word, at least one, as SVG."""
    figure = new_figure(8.4, 1.9)
    axes = figure.subplots()
    low, high = np.floor(latencies.min() / LATENCY_STEP), np.ceil(latencies.max() / LATENCY_STEP)
    edges = np.arange(low, max(high, low + 1) + 1) * LATENCY_STEP
    axes.hist(latencies, edges, color=VALIDATION)
    axes.axvline(float(np.median(latencies)), color=SHIPPED, linewidth=1.2)
    axes.set_xlabel("seconds from the end of the word", fontsize=9)
    axes.set_ylabel("recordings", fontsize=9)
    axes.yaxis.get_major_locator().set_params(integer=True)
    _plain(axes)
    return as_svg(figure)


def _curve(axes: Any, points: Sequence[OperatingPoint], condition: str) -> None:
    rates = [_shown(point) for point in points]
    missed = [point.misses[condition] for point in points]
    low, high = zip(*(_interval(one) for one in missed))
    axes.fill_between(rates, low, high, color=VALIDATION, alpha=0.2, linewidth=0)
    axes.plot(rates, [100 * (one.value or 0.0) for one in missed], color=VALIDATION, marker=".", markersize=3, linewidth=1.2)
    _plain(axes)


def _shipped(axes: Any, shipped: OperatingPoint, condition: str) -> None:
    missed, rate = shipped.misses[condition], _shown(shipped)
    low, high = _interval(missed)
    value = 100 * (missed.value or 0.0)
    left, right = shipped.false_accepts.interval
    axes.errorbar(
        [rate],
        [value],
        xerr=[[max(rate - left, 0.0)], [right - rate]],
        yerr=[[value - low], [high - value]],
        color=SHIPPED,
        marker="o",
        markersize=4,
        linewidth=1,
    )


def _shown(point: OperatingPoint) -> float:
    return max(point.false_accepts.events, 0.5) / point.false_accepts.hours


def _interval(missed: Proportion) -> tuple[float, float]:
    """In percent."""
    low, high = missed.interval or (0.0, 0.0)
    return 100 * low, 100 * high


def _highest(curve: DetCurve, shipped: OperatingPoint, conditions: Sequence[str]) -> float:
    points = [point for point in (*curve.points, shipped) for _ in conditions]
    return max(5.0, *(_interval(point.misses[condition])[1] for point in points for condition in conditions)) + 1.0


def _plain(axes: Any) -> None:
    axes.grid(color="black", alpha=0.12, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
