"""Prefix beam search over a stream of frames: partial results, a final one, and memory that does not grow with the stream."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from edge_asr.runtime.ctc.beam import Beam
from edge_asr.runtime.ctc.frames import checked_frames
from edge_asr.runtime.ctc.fusion import Fusion
from edge_asr.runtime.ctc.hypothesis import Transcript, Word
from edge_asr.runtime.ctc.prefix import Prefix, common_prefix
from edge_asr.runtime.ctc.words import Spelling, transcript

FLOOR = math.log(1e-4)
"""Log probability that a token must have in a frame to begin a longer prefix. See `BeamDecoder` on what that costs."""
COMMIT_FRAMES = 32
"""After so many frames each, the words that all prefixes share are settled."""
MOST_OPEN = 256
"""Tokens that are not settled. Prefixes that differ from the best one before the newer half of so many are given up."""


class BeamDecoder:
    """The prefix with the highest log probability plus fusion score.

    The sums over alignments are exact for a beam that is never full and a `floor` of -inf. With a finite floor, tokens below it
    start no prefix in that frame (a frame that is nearly all blank costs a few array operations then); of the probability of
    everything that may have been said, at most the sum of those tokens' probabilities is lost in that frame: 3e-3 for 30
    tokens that all lie just below 1e-4, far less with a network that is sure of its blanks.

    Word times are in seconds from the first frame since `reset`; `edge_asr.runtime.ctc.trace` says how they are found. Words that
    all prefixes share are settled while the stream goes on: what is held besides them is bounded (`MOST_OPEN` tokens a prefix).
    """

    def __init__(
        self, spelling: Spelling, fusion: Fusion, width: int, *, min_confidence: float = 0.0, floor: float = FLOOR
    ) -> None:
        """Hold `width` prefixes; reject transcripts of less than `min_confidence`."""
        self._spelling, self._fusion, self._width, self._floor = spelling, fusion, width, floor
        self._min_confidence = min_confidence
        self.reset()

    def reset(self) -> None:
        """Start over, as if no frame had come."""
        self._beam = Beam(self._fusion, self._width, self._floor)
        self._settled: list[Word] = []
        self._frames = 0

    def advance(self, log_probs: NDArray[np.float32]) -> None:
        """Take the next output frames, (t, tokens) natural logarithms. Raises `ConfigError` as `checked_frames` does."""
        for frame in checked_frames(log_probs, len(self._spelling.tokens)):
            self._beam.step(frame, self._frames)
            self._frames += 1
            if self._frames % COMMIT_FRAMES == 0:
                self._settle()

    def best(self) -> Transcript:
        """The best prefix so far. A word that is not complete is there already, but the language model has not judged it."""
        return self._transcript(self._beam.log_probs + self._beam.bonus)

    def finish(self) -> Transcript:
        """The best prefix, when nothing follows."""
        endings = np.array([self._fusion.ending(prefix.state) for prefix in self._beam.prefixes])
        return self._transcript(self._beam.log_probs + self._beam.bonus + endings)

    def _transcript(self, scores: NDArray[np.float64]) -> Transcript:
        best = int(np.argmax(scores))
        trace = self._beam.trace(best)
        words = self._spelling.words(trace.spans()) if trace else ()
        return transcript((*self._settled, *words), float(scores[best]), self._min_confidence)

    def _settle(self) -> None:
        """Turn the words that all prefixes share into text, and forget how they were found."""
        beam = self._beam
        best = int(np.argmax(beam.log_probs + beam.bonus))
        trace, prefix = beam.trace(best), beam.prefixes[best]
        spans = trace.spans() if trace else []
        too_long = len(spans) > MOST_OPEN
        if too_long:
            self._give_up(_ancestor(prefix, MOST_OPEN // 2))
        shared = functools.reduce(common_prefix, beam.prefixes)
        root = self._boundary_before(shared) or (shared.parent if too_long else None)
        if root is not None:
            self._settled += self._spelling.words(spans[: len(spans) - (prefix.depth - root.depth)])
            beam.cut(root)

    def _give_up(self, ancestor: Prefix) -> None:
        """Drop the prefixes that did not grow from `ancestor`."""
        grew = [common_prefix(ancestor, prefix) is ancestor for prefix in self._beam.prefixes]
        self._beam.keep(np.flatnonzero(grew))

    def _boundary_before(self, prefix: Prefix) -> Prefix | None:
        """The longest one that `prefix` grew from and that ends a word; None if there is none that is not settled yet.

        Not `prefix` itself: the span of its last token may still grow.
        """
        boundary = prefix.parent
        while boundary is not None and boundary.parent is not None and not self._spelling.ends_word(boundary.token):
            boundary = boundary.parent
        return boundary if boundary is not None and boundary.parent is not None else None


def _ancestor(prefix: Prefix, tokens: int) -> Prefix:
    """The prefix without its last `tokens` tokens."""
    for _ in range(tokens):
        assert prefix.parent is not None
        prefix = prefix.parent
    return prefix
