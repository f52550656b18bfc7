"""Tokens with the frames in which they were heard, to words with times and confidences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edge_asr.bundle.speech import Unit
from edge_asr.runtime.ctc.hypothesis import Transcript, Word

BLANK_ID = 0
"""The token of "nothing new": always the first."""
SPACE = " "


@dataclass(frozen=True)
class TokenSpan:
    """A token that was heard."""

    token: int
    start: int
    """Its first output frame."""
    end: int
    """The output frame after its last."""
    peak: float
    """Its highest log probability (natural) in these frames."""


@dataclass(frozen=True)
class Spelling:
    """How tokens make words."""

    tokens: tuple[str, ...]
    """Blank first."""
    unit: Unit
    output_seconds: float
    """Of an output frame."""

    @property
    def space(self) -> int:
        """The token that parts words; -1 where none does."""
        return self.tokens.index(SPACE) if self.unit == "characters" and SPACE in self.tokens else -1

    def ends_word(self, token: int) -> bool:
        """Whether a word is complete with `token` (or was before it)."""
        return self.unit != "characters" or self.tokens[token] == SPACE

    def words(self, spans: Sequence[TokenSpan]) -> tuple[Word, ...]:
        """The words of `spans`, in order. A word reaches from its first token's first frame to its last token's last frame.

        Its confidence is the geometric mean of its tokens' highest probabilities: 1 where the network was sure of all.
        """
        return tuple(self.word("".join(self.tokens[span.token] for span in group), group) for group in self._groups(spans))

    def _groups(self, spans: Sequence[TokenSpan]) -> list[list[TokenSpan]]:
        if self.unit != "characters":
            return [[span] for span in spans]
        groups: list[list[TokenSpan]] = [[]]
        for span in spans:
            if self.tokens[span.token] == SPACE:
                groups.append([])
            else:
                groups[-1].append(span)
        return [group for group in groups if group]

    def word(self, text: str, spans: Sequence[TokenSpan]) -> Word:
        """The word `text` that `spans`, at least one, spell."""
        confidence = math.exp(min(0.0, sum(span.peak for span in spans) / len(spans)))
        return Word(text, spans[0].start * self.output_seconds, spans[-1].end * self.output_seconds, confidence)


def transcript(words: Sequence[Word], score: float, min_confidence: float) -> Transcript:
    """Words to a transcript, rejected where its confidence is below `min_confidence`.

    Its confidence is the geometric mean of its words'; of no words it is 0, and nothing is rejected.
    """
    if not words:
        return Transcript("", (), score, 0.0)
    logs = [math.log(max(word.confidence, 1e-300)) for word in words]  # a probability may have been rounded to 0
    confidence = math.exp(sum(logs) / len(logs))
    rejected = "" if confidence >= min_confidence else f"confidence {confidence:.2f} is below {min_confidence:g}"
    return Transcript(" ".join(word.text for word in words), tuple(words), score, confidence, rejected=rejected)
