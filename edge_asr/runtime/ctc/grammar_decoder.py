"""The likeliest sentence of a grammar: Viterbi search over CTC's alignments, frame by frame (Graves et al., ICML 2006)."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from edge_asr.runtime.ctc.frames import checked_frames
from edge_asr.runtime.ctc.hypothesis import Transcript, Word
from edge_asr.runtime.ctc.penalty import worst_loss
from edge_asr.runtime.ctc.token_graph import token_graph
from edge_asr.runtime.ctc.token_log import ENTRY, ROOT, TokenLog
from edge_asr.runtime.ctc.words import BLANK_ID, Spelling, TokenSpan, transcript
from edge_asr.runtime.grammar import Grammar

LEAST_ENTRIES = 1 << 14
"""Of the log of tokens, 36 bytes each, before it is cut back; a search of many nodes takes more."""
WIDE_BEAM = 50.0
"""Natural logarithm. A path so far behind is given up: what made it win would be a sentence that is rejected."""


@dataclasses.dataclass
class _Paths:
    """The best path to each node among those that end in a frame of its token, or among those that end in a blank frame."""

    score: NDArray[np.float64]
    """Sum of log probabilities; -inf where there is no path."""
    entry: NDArray[np.int32]
    """Of the node's token in the log."""
    peak: NDArray[np.float64]
    """Highest log probability of the node's token."""
    end: NDArray[np.int32]
    """The frame after the token's last."""

    @classmethod
    def none(cls, nodes: int) -> _Paths:
        return cls(np.full(nodes, -np.inf), np.full(nodes, ROOT, np.int32), np.zeros(nodes), np.zeros(nodes, np.int32))

    def better(self, other: _Paths) -> _Paths:
        """Of each node the better path; these where they are equal."""
        choose = other.score > self.score
        pairs = ((self.score, other.score), (self.entry, other.entry), (self.peak, other.peak), (self.end, other.end))
        return _Paths(*(np.where(choose, theirs, ours) for ours, theirs in pairs))


class GrammarDecoder:
    """Says only what a grammar allows, and rejects what does not sound like it. Exact with an infinite `beam`.

    A sentence's penalty is the log probability that it loses against the best path without a grammar, per second of speech, in
    the two seconds where it loses most. So a word that is not in the grammar is not made good by many others that are; slips of
    the network in single letters or words are. Silence before and after a sentence costs nothing.
    """

    def __init__(
        self,
        spelling: Spelling,
        grammar: Grammar,
        *,
        max_penalty: float = math.inf,
        min_confidence: float = 0.0,
        beam: float = WIDE_BEAM,
    ) -> None:
        """Reject above `max_penalty` (natural logarithm a second) and below `min_confidence` (0 to 1).

        Paths that are worse than the best one by more than `beam` (natural logarithm) are given up.
        Raises `ConfigError` as `token_graph` does.
        """
        self._spelling, self._grammar = spelling, grammar
        self._max_penalty, self._min_confidence, self._beam = max_penalty, min_confidence, beam
        self._graph = token_graph(grammar, spelling)
        graph = self._graph
        self._counts = np.diff(graph.first, prepend=0, append=len(graph.sources))  # ways to each node; none to the start
        self._repeats = graph.tokens[graph.sources] == np.repeat(graph.tokens, self._counts)
        # a token that comes twice needs a blank between: such ways start from the second half of (any, blank)
        self._from = graph.sources + len(graph.tokens) * self._repeats
        self.reset()

    def reset(self) -> None:
        """Start over, as if no frame had come."""
        nodes = len(self._graph.tokens)
        self._said, self._blank = _Paths.none(nodes), _Paths.none(nodes)
        self._blank.score[0] = 0.0
        self._log = TokenLog(max(LEAST_ENTRIES, 2 * nodes))
        self._frames, self._free = 0, 0.0

    def advance(self, log_probs: NDArray[np.float32]) -> None:
        """Take the next output frames, (t, tokens) natural logarithms. Raises `ConfigError` as `checked_frames` does."""
        for frame in checked_frames(log_probs, len(self._spelling.tokens)):
            self._step(frame)

    def best(self) -> Transcript:
        """The best beginning of a sentence so far, without intent and never rejected."""
        node = int(np.maximum(self._said.score, self._blank.score).argmax())
        words, score, _ = self._trace(node)
        return transcript(words, score, 0.0)

    def finish(self) -> Transcript:
        """The best sentence of all frames, or none where silence is likelier than each, with its intent and slots."""
        ends = np.append(0, self._graph.finals)
        node = int(ends[np.maximum(self._said.score, self._blank.score)[ends].argmax()])
        words, score, penalty = self._trace(node)
        said = dataclasses.replace(transcript(words, score, self._min_confidence), penalty=penalty)
        if penalty > self._max_penalty:
            said = dataclasses.replace(said, rejected=f"not in the grammar: penalty {penalty:.1f} is above {self._max_penalty:g}")
        parses = self._grammar.parses(said.text.split())
        return dataclasses.replace(said, intent=parses[0].intent, slots=parses[0].slots) if parses else said

    def _step(self, frame: NDArray[np.float64]) -> None:
        graph, said = self._graph, self._said
        either = self._blank.better(said)
        heard = frame[graph.tokens]
        way_scores = np.concatenate([either.score, self._blank.score])[self._from]
        enter = np.append(-np.inf, np.maximum.reduceat(way_scores, graph.first))
        entering = enter > said.score
        score = heard + np.where(entering, enter, said.score)
        blank_score = frame[BLANK_ID] + either.score
        floor = max(score.max(), blank_score.max()) - self._beam
        score[score < floor] = -np.inf
        blank_score[1:][blank_score[1:] < floor] = -np.inf  # silence stays, for want of any sentence
        entering &= score > -np.inf

        entry = said.entry.copy()
        entry[entering] = self._enter(entering, enter, way_scores, either)
        peak = np.where(entering, heard, np.maximum(said.peak, heard))
        self._frames += 1
        self._free += float(frame.max())
        self._said = _Paths(score, entry, peak, np.full(len(peak), self._frames, np.int32))
        self._blank = dataclasses.replace(either, score=blank_score)
        if self._log.full:
            self._cut()

    def _enter(
        self, entering: NDArray[np.bool_], enter: NDArray[np.float64], way_scores: NDArray[np.float64], either: _Paths
    ) -> NDArray[np.int32]:
        """Log what the paths to the nodes `entering` did before, each along the first of its best ways; the new entries."""
        nodes = np.flatnonzero(entering)
        counts = self._counts[nodes]
        ends = np.cumsum(counts)
        ways = np.arange(ends[-1] if len(ends) else 0) + np.repeat(self._graph.first[nodes - 1] - (ends - counts), counts)
        best = np.flatnonzero(way_scores[ways] == np.repeat(enter[nodes], counts))
        ways = ways[best[np.searchsorted(best, ends - counts)]]
        sources, after_blank = self._graph.sources[ways], self._repeats[ways]
        entries = np.empty(len(ways), ENTRY)
        entries["node"], entries["start"], entries["loss"] = nodes, self._frames, self._free - enter[nodes]
        for name, any_values, blank_values in (
            ("before", either.entry, self._blank.entry),
            ("end_before", either.end, self._blank.end),
            ("peak_before", either.peak, self._blank.peak),
        ):
            entries[name] = np.where(after_blank, blank_values[sources], any_values[sources])
        return self._log.add(entries)

    def _cut(self) -> None:
        """Forget the tokens of paths that were given up."""
        for paths in (self._said, self._blank):
            paths.entry[paths.score == -np.inf] = ROOT
        self._said.entry, self._blank.entry = self._log.cut(self._said.entry, self._blank.entry)

    def _trace(self, node: int) -> tuple[tuple[Word, ...], float, float]:
        """The words of the best path to `node`, its score and its penalty."""
        paths = self._said if self._said.score[node] > self._blank.score[node] else self._blank
        said, score = self._log.path(int(paths.entry[node])), float(paths.score[node])
        tokens = self._graph.tokens[said["node"]]
        ends, peaks = (
            np.append(said[name][1:], last) for name, last in (("end_before", paths.end[node]), ("peak_before", paths.peak[node]))
        )
        spans = [TokenSpan(*span) for span in zip(tokens.tolist(), said["start"].tolist(), ends.tolist(), peaks.tolist())]
        times = np.concatenate([[0], said["start"], [self._frames]]) * self._spelling.output_seconds
        losses = np.concatenate([[0.0], said["loss"], [self._free - score]])
        seconds = (spans[-1].end - spans[0].start) * self._spelling.output_seconds if spans else 0.0
        return self._words(said["node"].tolist(), spans), score, worst_loss(times, losses, seconds)

    def _words(self, nodes: list[int], spans: list[TokenSpan]) -> tuple[Word, ...]:
        """The words that the nodes of a path complete; of a word that is only begun, the letters (phonemes say too little)."""
        words: list[Word] = []
        begun: list[TokenSpan] = []
        for node, span in zip(nodes, spans):
            if span.token == self._spelling.space:
                continue
            begun.append(span)
            if self._graph.words[node]:
                words.append(self._spelling.word(self._graph.words[node], begun))
                begun = []
        return (*words, *self._spelling.words(begun)) if self._spelling.unit == "characters" else tuple(words)
