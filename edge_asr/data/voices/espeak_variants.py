"""Which of eSpeak's speaker variants no person sounds like. They are not listed as voices."""

from __future__ import annotations

_ECHO = "a robot: every sound is repeated within a fifth of a second, as loud as itself"

NOT_HUMAN = {
    **{f"robosoft{number}": _ECHO for number in ("", 2, 3, 4, 5, 6, 7, 8)},
    **{f"RicishayMax{number}": _ECHO for number in ("", 2, 3)},
    "UniRobot": _ECHO,
    "anikaRobot": _ECHO,
    "Demonic": "a monster: 43 Hz, formants down by a third, and a robot's echo",
    "announcer": "37 Hz, in a hall: rooms are added to any voice later",
    "kaukovalta": "a giant: the first formant down by 60 %",
    "travis": "a giant: the first formant at half its frequency",
    "Tweaky": "the third formant at twice its frequency",
    "zac": "a chipmunk: all formants up by 45 %, 240 to 390 Hz",
    "fast": "the plain voice once more: it only allows a higher tempo",
}
"""Variants, each with the reason: judged by their parameters (`voices/!v` in eSpeak's data)."""
