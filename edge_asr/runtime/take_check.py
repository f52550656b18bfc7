"""Whether a recording of a phrase is good enough to learn from, and what to do when it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_asr.runtime.speech_level import band_powers, dbfs
from edge_asr.runtime.speech_span import Span, speech_span, speech_spans

Fault: TypeAlias = Literal["nothing", "cut_off", "clipped", "too_quiet", "not_alone", "too_short", "too_long"]

ADVICE: dict[Fault, str] = {
    "nothing": "nothing was heard: speak louder or nearer, and see whether this is the right microphone (edge-asr devices)",
    "cut_off": "a part is missing: wait for the prompt, and say it once",
    "clipped": "too loud, the microphone overdrives: go farther away, or turn its gain down (alsamixer)",
    "too_quiet": "too quiet: speak louder or nearer, turn the microphone's gain up (alsamixer), or the noise off",
    "not_alone": "something else was heard beside it: say the phrase once, in one go, in a quiet moment",
    "too_short": "too short: say the whole phrase",
    "too_long": "too long: say the phrase once, then be quiet; is there another voice, or a noise that comes and goes?",
}
"""What to tell the speaker."""
SECONDS = (0.3, 3.0)
"""How long a phrase lasts."""
SPEECH_TO_NOISE = 10.0
"""dB that the speech's level must be above the noise's: what is said below that is better made by mixing noise in."""
FAINTEST_SPEECH = -50.0
"""dBFS: below, 16-bit samples have little left of the softer sounds."""
FULL_SCALE = 0.998
CLIPPED_SAMPLES = 5
"""So many samples at full scale are no accident."""
MARGIN = 0.5
"""Seconds of the room that are kept around the phrase."""
AT_ONCE = 0.02
"""Seconds into the sound: who speaks before that began before it."""


@dataclass(frozen=True)
class Take:
    """One recording of a phrase, and what is wrong with it."""

    samples: NDArray[np.float32]
    """(n,) in [-1, 1): the phrase and up to `MARGIN` around it."""
    seconds: float
    """How long the phrase lasts."""
    level: float
    """dBFS of the speech, between 125 and 7,500 Hz."""
    noise: float
    """dBFS of the room, likewise."""
    fault: Fault | None


def check_take(samples: NDArray[np.float32], sample_rate: int, noise: float) -> Take:
    """Judge the phrase in `samples`, (n,) in [-1, 1), from a room with `noise` (dBFS).

    Raises `AudioError` when there is no speech in them.
    """
    span = speech_span(samples, sample_rate)
    begin, end = (max(0, round(at * sample_rate)) for at in (span.start - MARGIN, span.end + MARGIN))
    spoken = samples[round(span.start * sample_rate) : round(span.end * sample_rate)]
    level = dbfs(float(band_powers(spoken, sample_rate).sum(axis=1).mean()))
    alone = speech_spans(samples, sample_rate) == (span,)
    return Take(samples[begin:end], span.seconds, level, noise, _fault(spoken, span, alone, level, noise))


def _fault(spoken: NDArray[np.float32], span: Span, alone: bool, level: float, noise: float) -> Fault | None:
    """The first thing that is wrong: what explains the others comes first."""
    wrong: dict[Fault, bool] = {
        "cut_off": span.start <= AT_ONCE,
        "clipped": int(np.count_nonzero(np.abs(spoken) >= FULL_SCALE)) >= CLIPPED_SAMPLES,
        "too_quiet": level < max(noise + SPEECH_TO_NOISE, FAINTEST_SPEECH),
        "not_alone": not alone,
        "too_short": span.seconds < SECONDS[0],
        "too_long": span.seconds > SECONDS[1],
    }
    return next((fault for fault, is_so in wrong.items() if is_so), None)
