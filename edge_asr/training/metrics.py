"""Counting right and wrong answers, with an interval that says how much the count can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z95 = 1.959963984540054
"""The 97.5 % point of the normal distribution: two-sided 95 %."""


@dataclass(frozen=True)
class Proportion:
    """`hits` of `total`, as a share from 0 to 1."""

    hits: int
    total: int

    @property
    def value(self) -> float | None:
        """`hits / total`; None where there is nothing to count."""
        return self.hits / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's score interval, two-sided 95 % (Wilson, J. Am. Stat. Assoc. 22, 1927); None without a total.

        It takes the trials as independent; clips of one speaker are less so, and the true interval is then wider.
        """
        if not self.total:
            return None
        n, share = self.total, self.hits / self.total
        centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        half = Z95 / (1 + Z95**2 / n) * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
        # At 0 and n hits an end is exactly 0 or 1; rounding would leave a few 1e-17.
        return (0.0 if self.hits == 0 else centre - half, 1.0 if self.hits == n else centre + half)

    def __str__(self) -> str:
        """For example `93.4 % (92.1 to 94.5)`, or `n/a`."""
        if self.value is None or self.interval is None:
            return "n/a"
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


@dataclass(frozen=True)
class ClassScore:
    """How one label does."""

    label: str
    recall: Proportion
    """Of the clips of this label, those that were answered so."""
    precision: Proportion
    """Of the clips that were answered so, those of this label."""


def confusion_matrix(wanted: ArrayLike, got: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Count answers: (classes, classes), row the class that was wanted, column the one that was answered.

    `wanted`, `got`: (n,) class indices from 0 to classes - 1. Raises `ValueError` for others.
    """
    rows, columns = np.asarray(wanted, np.int64).reshape(-1), np.asarray(got, np.int64).reshape(-1)
    counts = np.zeros((classes, classes), np.int64)
    if len(rows) != len(columns) or any(len(x) and not 0 <= x.min() <= x.max() < classes for x in (rows, columns)):
        raise ValueError(f"expected two lists of one length with classes 0 to {classes - 1}")
    np.add.at(counts, (rows, columns), 1)
    return counts


def accuracy(confusion: NDArray[np.int64]) -> Proportion:
    """Share of all clips that were answered right."""
    return Proportion(int(np.trace(confusion)), int(confusion.sum()))


def class_scores(confusion: NDArray[np.int64], labels: Sequence[str]) -> tuple[ClassScore, ...]:
    """Recall and precision of each label, in the order of `labels`."""
    right, rows, columns = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return tuple(
        ClassScore(label, Proportion(int(right[i]), int(rows[i])), Proportion(int(right[i]), int(columns[i])))
        for i, label in enumerate(labels)
    )
