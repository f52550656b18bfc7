"""Who is learnt from and who is judged on: no speaker is in two splits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from edge_asr.data.clips import Split

MIN_GROUPS = 3


def stable_hash(text: str) -> int:
    """64 bits of the text's SHA-256: the same on every machine and in every run."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8], "big")


def assign_splits(sizes: Mapping[str, int], validation_percent: float, test_percent: float) -> dict[str, Split]:
    """Put whole groups (speakers, or single clips) into splits. `sizes` holds each group's number of clips.

    The groups are taken in the order of their names' hashes: into test until it has its share of the clips, then into
    validation likewise, the rest into training. So a wanted split is never empty; with fewer than three groups all are
    training. It depends on the names alone, not on the order of the files, the machine or a seed.
    """
    if len(sizes) < MIN_GROUPS:
        return dict.fromkeys(sizes, "train")
    total = sum(sizes.values())
    quota: dict[Split, float] = {"test": total * test_percent / 100, "validation": total * validation_percent / 100}
    filled: dict[Split, int] = {"test": 0, "validation": 0}
    result: dict[str, Split] = {}
    for name in sorted(sizes, key=stable_hash):
        split: Split = next((s for s in quota if filled[s] < quota[s]), "train")
        result[name] = split
        if split != "train":
            filled[split] += sizes[name]
    return result
