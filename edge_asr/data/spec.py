"""The `[data]` and `[augment]` tables of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_asr.bundle.manifest import SILENCE, UNKNOWN
from edge_asr.config import setting
from edge_asr.errors import ConfigError


@dataclass(frozen=True)
class DataSpec:
    """What is learnt from what. The place of the recordings is not in a recipe: it comes with `--data`."""

    reader: Literal["speech_commands", "folder", "fsdd", "wake", "speech"] = setting()
    """Layout of the data set; `wake`: spoken for the phrases of the `[wake]` table, which gives this and `labels`; `speech`:
    what the `[speech]` table says, which does the same."""
    labels: tuple[str, ...] = setting()
    """Classes in the order of the model's outputs; may hold `_silence_` and `_unknown_`."""
    clip_seconds: float = setting(1.0, min=0.1, max=10.0)
    """Length of the window that the model sees. Shorter clips are padded on both sides with zeros, longer ones are cut to
    their loudest window."""
    validation_percent: float = setting(10.0, min=0.0, max=50.0)
    """Speakers (or, where none is known, clips) kept for validation, where the data set has no official lists."""
    test_percent: float = setting(10.0, min=0.0, max=50.0)
    """The same for the test split."""
    silence_percent: float = setting(10.0, min=0.0, max=100.0)
    """`_silence_` clips of each split, as a percentage of its keyword clips (the 12-label task's convention)."""
    unknown_percent: float = setting(10.0, min=0.0, max=100.0)
    """`_unknown_` clips of the validation and test splits, likewise; training keeps every other word."""
    spliced_unknowns: float = setting(0.0, min=0.0, max=2.0)
    """Made-up words (the beginning of one word, the end of another) added to training's `_unknown_`, as a share of its clips."""

    def __post_init__(self) -> None:
        """Check the labels. Raises `ConfigError`."""
        if len(self.labels) < 2 or len(set(self.labels)) != len(self.labels) or not all(self.labels):
            raise ConfigError(f"labels must be at least two different names, found {list(self.labels)}")
        if not set(self.labels) - {SILENCE, UNKNOWN}:
            raise ConfigError("labels must name at least one word beside _silence_ and _unknown_")
        if self.validation_percent + self.test_percent >= 90:
            raise ConfigError("validation_percent and test_percent together must leave at least 10 for training")


@dataclass(frozen=True)
class AugmentSpec:
    """How each training clip is varied. Ranges are [low, high], drawn evenly; a probability of 0 switches a step off."""

    copies: int = setting(8, min=0, max=200)
    """Augmented copies of each training clip, made before training; 0 trains on the clips as they come."""
    shift_ms: float = setting(100.0, min=0.0, max=1000.0)
    """Largest shift in time, either way."""
    gain_db: tuple[float, float] = setting((-12.0, 6.0), min=-60.0, max=60.0)
    """Level change."""
    speed: tuple[float, float] = setting((0.88, 1.14), min=0.5, max=2.0)
    """Resampling factor: tempo and pitch together."""
    pitch_semitones: tuple[float, float] = setting((0.0, 0.0), min=-12.0, max=12.0)
    """Pitch change at constant tempo; [0, 0] is off."""
    filter_probability: float = setting(0.5, min=0.0, max=1.0)
    """Share of copies coloured by a random smooth equaliser (microphones, telephones)."""
    filter_db: float = setting(8.0, min=0.0, max=40.0)
    """Largest gain or cut of the equaliser, dB."""
    reverb_probability: float = setting(0.4, min=0.0, max=1.0)
    """Share of copies put in a simple room (exponentially decaying noise tail)."""
    reverb_seconds: tuple[float, float] = setting((0.1, 0.6), min=0.01, max=3.0)
    """Reverberation time T60."""
    noise_probability: float = setting(0.7, min=0.0, max=1.0)
    """Share of copies mixed with background noise."""
    snr_db: tuple[float, float] = setting((0.0, 30.0), min=-20.0, max=60.0)
    """Speech level over noise level."""
    time_masks: int = setting(1, min=0, max=10)
    """SpecAugment (arXiv 1904.08779): masks in time, drawn anew each epoch."""
    time_mask_frames: int = setting(6, min=0, max=100)
    """Largest width of one, frames."""
    frequency_masks: int = setting(1, min=0, max=10)
    """Masks in frequency (only for log-mel front ends)."""
    frequency_mask_bands: int = setting(5, min=0, max=100)
    """Largest width of one, bands."""

    def __post_init__(self) -> None:
        """Check that ranges rise. Raises `ConfigError`."""
        for name in ("gain_db", "speed", "pitch_semitones", "reverb_seconds", "snr_db"):
            low, high = getattr(self, name)
            if low > high:
                raise ConfigError(f"{name} must be [low, high] with low at most high, found [{low}, {high}]")
