"""The `[voices]` table of a recipe that learns from a data set: what synthetic voices say beside its recordings."""

from __future__ import annotations

from dataclasses import dataclass

from edge_asr.config import setting


@dataclass(frozen=True)
class VoicesSpec:
    """All of it is to train on: validation and test stay people. What says nothing is left out: 0 takes."""

    language: str = "en"
    """BCP 47 tag, or its beginning, of the voices and of the labels' words."""
    engines: tuple[str, ...] = ()
    """Speech synthesisers that may be used, by name (`invoke voices`); none named: all that are found."""
    takes: int = setting(300, min=0, max=1000000)
    """Takes of each label's word."""
    other_takes: int = setting(1500, min=0, max=1000000)
    """Takes of the data set's other words (where it names none, of the language's frequent ones), for `_unknown_`: without them,
    any synthetic voice would say a label."""
    near_misses: int = setting(12, min=0, max=10000)
    """Different words that sound like each label's, likewise."""
    near_miss_distance: float = setting(0.15, min=0.0, max=1.0)
    """How far they are from every label at least, in phonemes for each of its phonemes."""
    near_miss_takes: int = setting(1000, min=0, max=1000000)
    """Takes of these, for all labels together."""
