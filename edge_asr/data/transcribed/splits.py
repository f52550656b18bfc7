"""Which utterances are learnt from, where the data set does not say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from edge_asr.data.clips import Split
from edge_asr.data.split import assign_splits
from edge_asr.data.transcribed.row import Row

PERCENT = 10.0
"""For validation and for test each."""
ENOUGH = 10
"""Groups: with fewer, a tenth of the speech can't be set aside by whole groups."""


def splits_of(rows: Sequence[Row]) -> list[Split]:
    """The split of each row: the data set's own; the others' by the widest groups of which there are `ENOUGH`.

    Whole speakers if possible, else whole chapters, else stretches of them, else single utterances; by the hash of their
    names, so that a row's split depends on no machine, seed or order.
    """
    chosen = iter(_chosen([row for row in rows if row.split is None]))
    return [next(chosen) if row.split is None else row.split for row in rows]


def _chosen(rows: Sequence[Row]) -> list[Split]:
    levels = _levels(rows)
    groups = next((level for level in levels if None not in level and len(set(level)) >= ENOUGH), levels[-1])
    named = [group or "" for group in groups]
    assigned = assign_splits(Counter(named), PERCENT, PERCENT)
    return [assigned[name] for name in named]


def _levels(rows: Sequence[Row]) -> list[list[str | None]]:
    """The group of each row, from the widest grouping (by speaker) to the narrowest (each alone)."""
    levels: list[list[str | None]] = [[row.speaker for row in rows]]
    for level in range(max((len(row.groups) for row in rows), default=0)):
        levels.append([row.groups[level] if level < len(row.groups) else row.id for row in rows])
    return [*levels, [row.id for row in rows]]
