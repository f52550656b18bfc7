"""What the cache holds, and how it gets smaller."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from invoke import Context

from edge_asr.data.cache_contents import KINDS, OTHER, Stored, list_cache, remove
from edge_asr.tasks.command import command, number


@command(
    stopped="What was taken out is gone, all else is whole.",
    help={"prune": "take out what was not used for so long", "days": "how long: 0 takes out all that nobody is making"},
)
def cache(_: Context, prune: bool = False, days: str = "30") -> None:
    """What .cache holds (features, voices, traces, wheels, emulation), and what of it was not used for long."""
    from edge_asr.deploy.pack import CACHE

    least = number(days, "--days")
    parts, now = list_cache(CACHE), time.time()
    stale = [part for part in parts if part.is_stale(now, least)]
    print(cache_text(CACHE, parts))
    unused = f"{len(stale):,} parts, {_mb(stale)} MB, were not used for {least:g} days"
    if prune:
        remove(stale)
        print(f"{unused}: taken out.")
    else:
        print(f"{unused}{': invoke cache --prune takes them out' if stale else ''}.")


def cache_text(folder: Path, parts: Sequence[Stored]) -> str:
    """A line a kind: how many parts, megabytes (1e6 bytes), the day of the last use."""
    lines = [f"{folder}: {_mb(parts)} MB", f"{'':<10} {'parts':>8} {'MB':>10}  used last"]
    for kind in KINDS:
        of_kind = [part for part in parts if part.kind == kind]
        if of_kind:
            day = date.fromtimestamp(max(part.used for part in of_kind))
            stays = "  not the cache's own: stays" if kind == OTHER else ""
            lines.append(f"{kind:<10} {len(of_kind):>8,} {_mb(of_kind):>10}  {day}{stays}")
    return "\n".join(lines)


def _mb(parts: Sequence[Stored]) -> str:
    return f"{sum(part.size for part in parts) / 1e6:,.1f}"
