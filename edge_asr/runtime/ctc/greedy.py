"""Best path decoding: the likeliest token of every frame, repeats and blanks left out (Graves et al., ICML 2006, 3.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_asr.runtime.ctc.frames import checked_frames
from edge_asr.runtime.ctc.hypothesis import Transcript, Word
from edge_asr.runtime.ctc.words import BLANK_ID, Spelling, TokenSpan, transcript


class GreedyDecoder:
    """Keeps the words and the tokens of the last one: what has been said is never changed."""

    def __init__(self, spelling: Spelling, min_confidence: float = 0.0) -> None:
        """Reject transcripts of less than `min_confidence`."""
        self._spelling, self._min_confidence = spelling, min_confidence
        self.reset()

    def reset(self) -> None:
        """Start over, as if no frame had come."""
        self._words: list[Word] = []
        self._open: list[TokenSpan] = []  # of the word that is being said
        self._before = BLANK_ID
        self._frames = 0
        self._score = 0.0

    def advance(self, log_probs: NDArray[np.float32]) -> None:
        """Take the next output frames, (t, tokens) natural logarithms. Raises `ConfigError` as `checked_frames` does."""
        frames = checked_frames(log_probs, len(self._spelling.tokens))
        for token, peak in zip(frames.argmax(axis=1).tolist(), frames.max(axis=1).tolist()):
            if token not in (BLANK_ID, self._before):
                self._begin(TokenSpan(token, self._frames, self._frames + 1, peak))
            elif token != BLANK_ID:
                last = self._open[-1]
                self._open[-1] = TokenSpan(token, last.start, self._frames + 1, max(last.peak, peak))
            self._before = token
            self._score += peak
            self._frames += 1

    def best(self) -> Transcript:
        """The words so far; the last one may go on."""
        return transcript((*self._words, *self._spelling.words(self._open)), self._score, self._min_confidence)

    def finish(self) -> Transcript:
        """All words."""
        return self.best()

    def _begin(self, span: TokenSpan) -> None:
        if self._spelling.ends_word(span.token):
            self._words += self._spelling.words(self._open)
            self._open = []
        self._open.append(span)
