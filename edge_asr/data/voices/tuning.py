"""Pitch for synthesisers that only have a tempo."""

from __future__ import annotations

from collections.abc import Callable

from edge_asr.data.timing import change_speed
from edge_asr.data.voices.voice import Delivery, Speech


def with_pitch(say: Callable[[float], Speech], delivery: Delivery) -> Speech:
    """`say(rate)` at the tempo and pitch of `delivery`: said slower by the pitch's factor, then played faster by it.

    Formants move along with the pitch, so a few semitones make the speaker smaller or larger, and many make a dwarf.
    """
    factor = 2.0 ** (delivery.pitch / 12.0)
    speech = say(delivery.rate / factor)
    return speech if factor == 1.0 else Speech(change_speed(speech.samples, factor), speech.sample_rate)
