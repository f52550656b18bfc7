"""A wake word in seconds: few takes, a tiny network, texts that need no word list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data import wake_script
from edge_asr.data.voices import find_voice, speak
from edge_asr.data.wake_places import WakePlaces
from edge_asr.frontend.resample import resample
from edge_asr.progress import Progress, no_progress
from edge_asr.training.recipe import Recipe
from edge_asr.training.wake_recipe import wake_recipe
from edge_asr.training.workshop import Workshop
from tests.data_room.sounds import RATE, noise, write

ROOT = Path(__file__).parents[2]
# fmt: off
SETTINGS = (
    'wake.engines=["espeak"]', "wake.guided=false", "wake.positives=24", "wake.near_miss_takes=8", "wake.part_takes=4",
    "wake.sentence_takes=30", "wake.validation_percent=30", "wake.negative_windows=12", "wake.noise_windows=4",
    "wake.mining_rounds=1", "wake.mining_epochs=1", "wake.mining_threshold=0.01", "wake.mining_windows=5",
    "augment.copies=1", "train.epochs=2", "train.warmup_epochs=0.5", "train.per_keyword=24", "train.per_unknown=48",
    "train.batch_size=12", "model.channels=[8, 8]", "model.kernels=[3, 3]", "model.stem_channels=4",
    'quantize.method="ptq"', "quantize.representative_clips=20",
)
# fmt: on


SENTENCES = ("the cat sat down with six others of whom none could sing", "no more rain will come over all these green hills")


def small_recipe(*settings: str) -> Recipe:
    return wake_recipe(ROOT / "models" / "wake", ["hey you"], overrides=[*SETTINGS, *settings])


def shop(recipe: Recipe, folder: Path, run: str = "run", progress: Progress = no_progress) -> Workshop:
    return Workshop(recipe, folder / run, folder / "cache", workers=1, progress=progress)


def places(folder: Path) -> WakePlaces:
    """Twelve clips of something like speech, a noise, three recordings of the phrase."""
    for number in range(12):
        burst = noise(2.0, number) * np.repeat([0.1, 1.0, 0.2, 1.0], RATE // 2)
        write(folder / "speech" / f"s{number}_0.wav", burst.astype(np.float32))
    write(folder / "noise" / "hiss.wav", noise(40.0, 99, level=0.01))
    for number in range(3):
        said = speak("hey you", find_voice(f"en-us+m{number + 1}"))
        samples = np.pad(resample(said.samples, said.sample_rate, RATE), RATE // 2) + noise(1.0, 5, 1e-4)[0]
        write(folder / "own" / f"take_{number}.wav", samples.astype(np.float32))
    return WakePlaces((folder / "speech",), (folder / "noise",), folder / "own")


@contextmanager
def few_texts() -> Iterator[None]:
    """No seconds are spent on looking for words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wake_script, "near_misses", lambda phrase, language, count, least: ("hay ewe", "Hey You", "a few")[:count])
        patch.setattr(wake_script, "phrase_parts", lambda phrase, language, least: ("hey", "you"))
        patch.setattr(wake_script, "other_sentences", lambda *_, avoid: SENTENCES)
        yield
