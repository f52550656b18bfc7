"""Where in a recording somebody speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import AudioError
from edge_asr.runtime.speech_level import HOP_SECONDS, above_noise, band_powers, dbfs, noise_powers

STANDS_OUT_DB = 8.0
"""Sound that is so far above the room's noise may be speech; steady noise alone stays below 6 dB."""
SPEECH_DB = 12.0
"""The loudest of it must be so far above the noise."""
RANGE_DB = 30.0
"""What is further below the loudest is the room's echo, a breath, a neighbour."""
CERTAIN_DB = 18.0
"""What is closer to the loudest than this is speech, even where the levels suggest otherwise."""
SHORTEST = 0.12
"""Seconds; averaged clicks are shorter."""
CLOSURE = 0.15
"""Seconds of silence before a released stop ("sto-p"): whatever comes so soon belongs to the word."""
PAUSE = 0.3
"""Seconds of silence that may lie between two syllables or words of a phrase."""
SHORTEST_SYLLABLE = 0.08
"""Seconds; less, behind such a pause, is a click."""
HANGOVER = 0.03
"""Seconds added at both ends: onsets and endings are softer than the threshold."""

Run: TypeAlias = tuple[int, int]
"""First frame, and the one after the last."""


@dataclass(frozen=True)
class Span:
    """A part of a recording."""

    start: float
    """Seconds."""
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


def speech_span(samples: NDArray[Any], sample_rate: int) -> Span:
    """Where the one word or phrase in `samples` begins and ends, to about 50 ms, at 10 dB above the noise or more.

    `samples`: (n,) int16 or float in [-1, 1), with any silence or room noise around the word, and clicks or breaths in that.
    Of several sounds with pauses between them the most prominent one is meant: the longest and loudest. Raises `AudioError`
    when nothing stands out.
    """
    levels, runs = _speech_runs(samples, sample_rate)
    prominence = [levels[slice(*run)].sum() for run in runs]
    return _span(runs[int(np.argmax(prominence))], len(samples) / sample_rate)


def speech_spans(samples: NDArray[Any], sample_rate: int) -> tuple[Span, ...]:
    """All that may be a word or phrase in `samples`, in order. Arguments and errors as those of `speech_span`."""
    _, runs = _speech_runs(samples, sample_rate)
    return tuple(_span(run, len(samples) / sample_rate) for run in runs)


def _speech_runs(samples: NDArray[Any], sample_rate: int) -> tuple[NDArray[np.float64], list[Run]]:
    """The frames' levels above the noise in dB, and the runs of speech in them: one or more."""
    powers = band_powers(samples, sample_rate)
    noise = noise_powers(powers)
    levels = above_noise(powers, noise)
    runs = [run for run in _join(_runs_above(levels, _threshold(levels))) if _is_speech(levels[slice(*run)])]
    if not runs:
        loudest, quiet = (dbfs(float(of.sum(axis=1).max(initial=0.0))) for of in (powers, noise))
        raise AudioError(
            f"expected speech that stands {SPEECH_DB:g} dB above the noise, found {len(samples) / sample_rate:.1f} s of at most "
            f"{loudest:.0f} dBFS in a noise of {quiet:.0f}; speak louder or nearer to the microphone, or in a quieter room"
        )
    return levels, runs


def _threshold(levels: NDArray[np.float64]) -> float:
    """What separates speech from the rest, in dB: Otsu's threshold, within bounds.

    The bounds alone would not do: a microphone's noise suppression leaves another noise before the word than behind it.
    """
    if len(levels) < 2:
        return STANDS_OUT_DB
    peak = float(levels.max())
    return max(STANDS_OUT_DB, peak - RANGE_DB, min(_otsu(np.maximum(levels, 0.0)), peak - CERTAIN_DB))


def _otsu(values: NDArray[np.float64]) -> float:
    """The threshold that parts `values`, (n,) of 2 or more, into two classes as distinct as can be (IEEE Trans. SMC 9, 1979)."""
    sums = np.cumsum(np.sort(values))
    low_count = np.arange(1, len(values))
    high_count = len(values) - low_count
    low, high = sums[:-1] / low_count, (sums[-1] - sums[:-1]) / high_count
    best = int(np.argmax(low_count * high_count * (high - low) ** 2))
    return float(low[best] + high[best]) / 2


def _runs_above(levels: NDArray[np.float64], threshold: float) -> list[Run]:
    above = np.concatenate([[False], levels > threshold, [False]])
    begins, ends = np.flatnonzero(~above[:-1] & above[1:]), np.flatnonzero(above[:-1] & ~above[1:])
    return [(int(begin), int(end)) for begin, end in zip(begins, ends)]


def _join(runs: list[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in runs:
        if joined and _belong_together(joined[-1], run):
            joined[-1] = (joined[-1][0], run[1])
        else:
            joined.append(run)
    return joined


def _belong_together(earlier: Run, later: Run) -> bool:
    gap = (later[0] - earlier[1]) * HOP_SECONDS
    shorter = min(end - begin for begin, end in (earlier, later)) * HOP_SECONDS
    return gap <= CLOSURE or (gap <= PAUSE and shorter >= SHORTEST_SYLLABLE)


def _is_speech(levels: NDArray[np.float64]) -> bool:
    return len(levels) * HOP_SECONDS >= SHORTEST and bool(levels.max() >= SPEECH_DB)


def _span(run: Run, length: float) -> Span:
    """From the beginning of the first frame to the end of the last, and the hang-over."""
    return Span(max(0.0, run[0] * HOP_SECONDS - HANGOVER), min(length, (run[1] + 1) * HOP_SECONDS + HANGOVER))
