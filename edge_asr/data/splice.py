"""Made-up words: the beginning of one word and the end of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.level import active_frames, active_rms

CUT_RANGE = (0.35, 0.65)
FADE_SECONDS = 0.02
LONGEST_MATCH = 4.0
"""Most that the second part is turned up or down to fit the first."""


def splice(
    first: NDArray[np.float32], second: NDArray[np.float32], sample_rate: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """The first clip up to somewhere in the middle of its speech, faded over 20 ms into the rest of the second: float32 (n,)."""
    head = first[: _middle(first, sample_rate, rng)]
    tail = second[_middle(second, sample_rate, rng) :]
    level, other = active_rms(first, sample_rate), active_rms(second, sample_rate)
    if level and other:
        tail = tail * np.float32(np.clip(level / other, 1 / LONGEST_MATCH, LONGEST_MATCH))
    fade = min(round(FADE_SECONDS * sample_rate), len(head), len(tail))
    ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    joint = head[len(head) - fade :] * (1 - ramp) + tail[:fade] * ramp
    return np.concatenate((head[: len(head) - fade], joint, tail[fade:]))


def _middle(samples: NDArray[np.float32], sample_rate: int, rng: np.random.Generator) -> int:
    """A place between 35 and 65 % of the way through the speech, in samples."""
    power, active = active_frames(samples, sample_rate)
    where = np.flatnonzero(active)
    begin, end = (where[0], where[-1] + 1) if len(where) else (0, len(power))
    return int((begin + rng.uniform(*CUT_RANGE) * (end - begin)) / max(len(power), 1) * len(samples))
