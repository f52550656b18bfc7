"""One recording, in which a phrase is said once or several times."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from numpy.typing import NDArray

from edge_asr.errors import AudioError
from edge_asr.runtime.speech_span import Span, speech_span, speech_spans

LONGEST_TAKE = 6.0
"""Seconds of a recording that holds the phrase once; a longer one is searched for more."""
PHRASE_SECONDS = (0.2, 4.0)
ALIKE = 2.0
"""Takes of one phrase differ in length by no more than this factor from their median; what does is something else."""


def takes_in(samples: NDArray[Any], sample_rate: int) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Where a phrase is said in `samples`, (n,): once in up to `LONGEST_TAKE` seconds, several times in more.

    The second tuple has what stands out too but is too short or long for the phrase. Raises `AudioError` when nothing
    stands out, or nothing of it is as long as a phrase can be.
    """
    if len(samples) <= LONGEST_TAKE * sample_rate:
        spans: tuple[Span, ...] = (speech_span(samples, sample_rate),)
    else:
        spans = speech_spans(samples, sample_rate)
    low, high = PHRASE_SECONDS
    possible = [span for span in spans if low <= span.seconds <= high]
    if not possible:
        found = ", ".join(f"{span.seconds:.1f}" for span in spans[:3])
        raise AudioError(f"expected a phrase of {low:g} to {high:g} s, found speech of {found} s; leave a pause around each")
    usual = median(span.seconds for span in possible)
    takes = tuple(span for span in possible if usual / ALIKE <= span.seconds <= usual * ALIKE)
    return takes, tuple(span for span in spans if span not in takes)


def contexts_of(takes: Sequence[Span], length: float) -> list[Span]:
    """The part of a recording, `length` seconds long, that belongs to each take: up to the middle of the pause."""
    middles = [(earlier.end + later.start) / 2 for earlier, later in pairwise(takes)]
    return [Span(begin, end) for begin, end in zip([0.0, *middles], [*middles, length])]
