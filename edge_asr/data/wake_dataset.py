"""From takes and material to all windows that a wake word is learnt from and validated with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from edge_asr.data.clips import SPLITS, Split
from edge_asr.data.excerpt import Excerpt
from edge_asr.data.negative_clips import Kind
from edge_asr.data.negative_windows import draw_windows
from edge_asr.data.sound_pool import PoolFiles
from edge_asr.data.split import stable_hash
from edge_asr.data.wake_places import WakeMaterial
from edge_asr.data.wake_spec import WakeSpec
from edge_asr.data.wake_takes import Spoken, recorded_take
from edge_asr.data.wake_windows import (
    Take,
    WakeWindow,
    likeness_window,
    negative_window,
    noise_window,
    phrase_windows,
    speech_window,
)
from edge_asr.errors import DataError

NEGATIVE_SECONDS = 2.5
"""Sound of negatives beyond a window's length, over which its variants lie."""
HELD_BACK = 0.15
"""Windows of negatives and noise for validation, relative to training's."""
NOISE_SHARE = 0.25
"""Windows of noise among those of real negatives, where there are both."""


@dataclass(frozen=True)
class WakeDataset:
    """Windows, and what may stand around them."""

    windows: tuple[WakeWindow, ...]
    around: dict[Split, PoolFiles]


def wake_dataset(spec: WakeSpec, spoken: Spoken, material: WakeMaterial, clip_seconds: float, seed: int) -> WakeDataset:
    """Every window, in a fixed order. Raises `DataError` when the phrase is too long for a window."""
    _check_length(spec, spoken, clip_seconds)
    windows = [*_spoken_windows(spec, spoken), *_recorded_windows(spec, material)]
    windows += _negative_windows(spec, material, clip_seconds, seed)
    for split, share in _shares().items():
        windows += [noise_window(number, split) for number in range(math.ceil(spec.noise_windows * share))]
    return WakeDataset(tuple(windows), {split: _around(split, spoken, material) for split in SPLITS})


def again(window: WakeWindow, times: int) -> Iterator[WakeWindow]:
    """`window` and copies of it, each of which is varied on its own."""
    yield window
    for number in range(2, times + 1):
        yield replace(window, id=f"{window.id}#{number}")


def _spoken_windows(spec: WakeSpec, spoken: Spoken) -> Iterator[WakeWindow]:
    for one in spoken.takes:
        if one.role == "phrase":
            yield from phrase_windows(one.take, spec)
        elif one.role == "sentence":
            yield speech_window(one.take, spec)
        else:
            yield likeness_window(one.take, spec)


def _recorded_windows(spec: WakeSpec, material: WakeMaterial) -> Iterator[WakeWindow]:
    if material.recordings is None:
        return
    for number, recording in enumerate(material.recordings.clips):
        take = recorded_take(recording, f"recorded/{number:05d}", spec.labels.index(recording.label))
        for window in phrase_windows(take, spec):
            yield from again(window, spec.recording_weight if recording.split == "train" else 1)


def _negative_windows(spec: WakeSpec, material: WakeMaterial, clip_seconds: float, seed: int) -> Iterator[WakeWindow]:
    negatives = material.negatives
    for split, share in _shares().items():
        kinds: list[Kind] = [kind for kind in ("speech", "noise") if negatives.of(split, kind)]
        weights = {"speech": 1 - NOISE_SHARE, "noise": NOISE_SHARE} if len(kinds) > 1 else dict.fromkeys(kinds, 1.0)
        for kind in kinds:
            rng = np.random.default_rng([seed, stable_hash(f"negatives/{split}/{kind}")])
            count = math.ceil(spec.negative_windows * weights[kind] * share)
            for number, sound in enumerate(
                draw_windows(negatives, count, clip_seconds + NEGATIVE_SECONDS, rng, split, kind=kind)
            ):
                yield negative_window(f"{kind}/{split}/{number:06d}", split, sound, clip_seconds)


def _shares() -> dict[Split, float]:
    return {"train": 1.0, "validation": HELD_BACK}


def _around(split: Split, spoken: Spoken, material: WakeMaterial) -> PoolFiles:
    """Real noise and speech, and what the split's synthetic voices say beside the phrase."""
    clips = {
        kind: tuple(Excerpt(clip.path, clip.start, clip.start + clip.seconds) for clip in material.negatives.of(split, kind))
        for kind in ("speech", "noise")
    }
    return PoolFiles(clips["noise"], clips["speech"] + tuple(one.take.excerpt for one in spoken.of(split, "sentence")))


def _check_length(spec: WakeSpec, spoken: Spoken, clip_seconds: float) -> None:
    takes: list[Take] = [one.take for one in spoken.takes if one.role == "phrase"]
    usual = float(np.median([take.end - take.start for take in takes]))
    needed = usual + spec.end_ms[1] / 1000
    if needed > clip_seconds:
        raise DataError(
            f"saying {', '.join(spec.phrases)} takes {usual:.2f} s and may end {spec.end_ms[1]:g} ms before the window does: "
            f"expected a window of at least {needed:.1f} s, found {clip_seconds:g}; --set data.clip_seconds={needed + 0.2:.1f}"
        )
