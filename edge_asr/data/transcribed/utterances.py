"""All utterances of a data set, and what of it was not used."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_asr.data.clips import SPLITS, LeftOut, Split
from edge_asr.data.utterance import Utterance

SHOWN = 12
"""Kinds of characters that a summary names."""

LONGEST_EXAMPLE = 120
"""Characters."""


@dataclass(frozen=True)
class Utterances:
    """What one place holds, in the order of its lists. Every utterance has its `end`."""

    reader: str
    """The layout: a key of `READERS`."""
    root: Path
    language: str
    utterances: tuple[Utterance, ...]
    left_out: tuple[LeftOut, ...] = ()
    """Lines and files that can't be used."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Characters that normalisation took out of the texts of `utterances`, and how often."""
    other_words: int = 0
    """Utterances that say words which were not asked for."""

    @property
    def licence(self) -> str:
        """Of all utterances, most frequent first."""
        return "; ".join(name for name, _ in _ranked(Counter(utterance.licence for utterance in self.utterances)))

    def seconds(self, split: Split | None = None) -> float:
        """How long the utterances of a split are together; of all without one."""
        return sum(utterance.end - utterance.start for utterance in self.utterances if split in (None, utterance.split))

    def summary(self) -> str:
        """How many, how long, by how many people, in which splits; what was dropped and what was left out: a few lines."""
        speakers = {utterance.speaker for utterance in self.utterances} - {None}
        splits = Counter(utterance.split for utterance in self.utterances)
        known = f"{len(speakers)} speaker{'s' * (len(speakers) != 1)}" if speakers else "speakers unknown"
        parts = ", ".join(f"{splits[split]:,} {split} ({self.seconds(split) / 3600:.2f} h)" for split in SPLITS)
        lines = [f"{self.reader}: {len(self.utterances):,} utterances, {self.seconds() / 3600:.2f} h, {known}: {parts}"]
        if self.other_words:
            lines.append(f"not used, other words: {self.other_words:,}")
        if self.dropped:
            names = [f"{_shown(char)} {count:,}" for char, count in _ranked(self.dropped)]
            lines.append(f"dropped from the texts: {'  '.join(names[:SHOWN])}{'  ...' if len(names) > SHOWN else ''}")
        if self.left_out:
            lines.append(f"left out: {describe_reasons(self.left_out)}")
        return "\n".join([*lines, f"licence: {self.licence}"])

    def samples(self, count: int = 5) -> list[str]:
        """A line each for some of the utterances, spread evenly over them: id, length, speaker and text."""
        step = max(1, len(self.utterances) // count)
        shown = self.utterances[::step][:count]
        return [f"{item.id}  {item.end - item.start:.1f} s  {item.speaker or '?'}  {item.text}" for item in shown]


def describe_reasons(left_out: tuple[LeftOut, ...], show: int = 6) -> str:
    """Each reason (what stands before a colon) with its count and one example, the most frequent first."""
    examples = {item.why.partition(":")[0]: item for item in reversed(left_out)}
    reasons = _ranked(Counter(item.why.partition(":")[0] for item in left_out))
    texts = [f"{count:,} {reason} ({_example(examples[reason])})" for reason, count in reasons[:show]]
    return "; ".join(texts + [f"{len(reasons) - show} other reasons"] * (len(reasons) > show))


def _example(item: LeftOut) -> str:
    """By folder and name: the whole path would tell about this machine."""
    place = "/".join(item.path.parts[-2:])
    detail = item.why.partition(":")[2].strip()
    text = f"{place}: {detail}" if detail else place
    return "".join(char if char.isprintable() else "?" for char in text[:LONGEST_EXAMPLE])


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _shown(char: str) -> str:
    """A character as itself where it can be seen alone, else by its name."""
    if len(char) > 1:
        return char
    visible = char.isprintable() and not unicodedata.category(char).startswith("M")
    return char if visible else unicodedata.name(char, f"U+{ord(char):04X}").lower()
