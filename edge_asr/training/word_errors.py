"""Errors of transcripts against what was said: an alignment of fewest edits, counted (words: WER, characters: CER)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import jiwer

Unit: TypeAlias = Literal["words", "characters"]
Pair: TypeAlias = tuple[str | None, str | None]
"""What was said and what was written for it; None said: inserted, None written: deleted."""


@dataclass(frozen=True)
class Errors:
    """Edits that make what was said of what was written, as few as can be."""

    said: int
    """Words (or characters) that were said."""
    substitutions: int
    insertions: int
    deletions: int

    @property
    def count(self) -> int:
        """All edits."""
        return self.substitutions + self.insertions + self.deletions

    @property
    def rate(self) -> float:
        """Edits for each word (or character) that was said: 0 is best, 1 is passed where more is inserted than said.

        Where nothing was said, 0 without an insertion and 1 with any.
        """
        return self.count / self.said if self.said else float(self.count > 0)

    def __add__(self, other: Errors) -> Errors:
        return Errors(
            self.said + other.said,
            self.substitutions + other.substitutions,
            self.insertions + other.insertions,
            self.deletions + other.deletions,
        )

    def __str__(self) -> str:
        """For example `4.2 % (21 of 500: 12 substituted, 3 inserted, 6 deleted)`."""
        kinds = f"{self.substitutions} substituted, {self.insertions} inserted, {self.deletions} deleted"
        return f"{self.rate:.1%} ({self.count} of {self.said}: {kinds})"


def count_errors(said: Sequence[str], written: Sequence[str], unit: Unit = "words") -> Errors:
    """Errors of all transcripts together: `written[i]` is what was made of `said[i]`; characters count spaces between words."""
    if not said:
        return Errors(0, 0, 0, 0)
    process = jiwer.process_words if unit == "words" else jiwer.process_characters
    out = process(list(said), list(written))
    return Errors(out.hits + out.substitutions + out.deletions, out.substitutions, out.insertions, out.deletions)


def align_words(said: str, written: str) -> tuple[Pair, ...]:
    """The words of one transcript beside those that were said, in order, by an alignment of fewest edits."""
    out = jiwer.process_words(said, written)
    (before,), (after,), (chunks,) = out.references, out.hypotheses, out.alignments
    pairs: list[Pair] = []
    for chunk in chunks:
        one = before[chunk.ref_start_idx : chunk.ref_end_idx]
        other = after[chunk.hyp_start_idx : chunk.hyp_end_idx]
        pairs += zip(one or [None] * len(other), other or [None] * len(one))
    return tuple(pairs)
