"""A wake word's run: where it lies, with which recipe it is made, and what it is made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_asr.config import build, to_table
from edge_asr.data.prepare_wake import prepare_wake
from edge_asr.data.speech_embedding import SpeechEmbedding
from edge_asr.data.tables import Prepared
from edge_asr.data.wake_dataset import WakeDataset, wake_dataset
from edge_asr.data.wake_places import WakeMaterial, WakePlaces, find_material
from edge_asr.data.wake_script import Script, write_scripts
from edge_asr.data.wake_spec import WakeSpec
from edge_asr.data.wake_takes import Spoken, speak_scripts
from edge_asr.data.wake_waveforms import WakeWaveforms
from edge_asr.data.wake_windows import WakeWindow
from edge_asr.errors import ConfigError, TrainingError
from edge_asr.files import write_whole
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.progress import Progress, no_progress
from edge_asr.training.recipe import Recipe

PLACES = "places.json"
"""In a run folder: where recordings lie on this machine."""


@dataclass(frozen=True)
class Workshop:
    """What every stage needs."""

    recipe: Recipe
    """With a `[wake]` table."""
    run_dir: Path
    cache_dir: Path
    workers: int = 1
    progress: Progress = no_progress

    @property
    def wake(self) -> WakeSpec:
        """The `[wake]` table. Raises `ConfigError` when the recipe has none."""
        if self.recipe.wake is None:
            raise ConfigError(f"{self.recipe.name}: expected a recipe with a [wake] table, found none")
        return self.recipe.wake

    @property
    def seed(self) -> int:
        """Of all draws."""
        return self.recipe.train.seed


@dataclass(frozen=True)
class Sources:
    """What was found, and what the voices are to say."""

    material: WakeMaterial
    scripts: tuple[Script, ...]


@dataclass(frozen=True)
class Collected:
    """Everything that training reads."""

    sources: Sources
    spoken: Spoken
    dataset: WakeDataset


def find_sources(shop: Workshop, places: WakePlaces) -> Sources:
    """Look for material and write the scripts: seconds. Raises `DataError`, `SynthesisError`."""
    material = find_material(shop.wake, places, progress=shop.progress)
    return Sources(material, write_scripts(shop.wake, shop.seed, progress=shop.progress))


def collect(shop: Workshop, sources: Sources) -> Collected:
    """Let the voices speak, and lay out all windows. What was spoken before is kept. Raises `DataError`, `SynthesisError`."""
    spoken = speak_scripts(
        sources.scripts,
        sources.material.voices,
        shop.wake,
        shop.cache_dir / "voices",
        seed=shop.seed,
        workers=shop.workers,
        progress=shop.progress,
    )
    dataset = wake_dataset(shop.wake, spoken, sources.material, shop.recipe.data.clip_seconds, shop.seed)
    return Collected(sources, spoken, dataset)


def features(
    shop: Workshop, collected: Collected, windows: Sequence[WakeWindow], frontend: FrontendSpec | SpeechEmbedding | None = None
) -> Prepared:
    """Feature tables of `windows`, from the cache where it has them; `frontend` None is the recipe's. Raises `DataError`."""
    recipe = shop.recipe
    rate, seconds = recipe.frontend.sample_rate, recipe.data.clip_seconds
    waveforms = WakeWaveforms(collected.dataset.around, rate, seconds, shop.wake, recipe.augment, shop.seed)
    return prepare_wake(
        windows,
        waveforms,
        frontend or recipe.frontend,
        cache_dir=shop.cache_dir,
        workers=shop.workers,
        progress=shop.progress,
    )


def write_places(run_dir: Path, places: WakePlaces) -> None:
    """Keep `places` in the run folder, for `--resume` and `invoke quantize`. Raises `TrainingError`."""
    stored = _Places(
        negatives=tuple(str(place.absolute()) for place in places.negatives),
        noise=tuple(str(place.absolute()) for place in places.noise),
        recordings=str(places.recordings.absolute()) if places.recordings else None,
        piper_voices=str(places.piper_voices.absolute()) if places.piper_voices else None,
    )
    try:
        write_whole(run_dir / PLACES, (json.dumps(to_table(stored), indent=1) + "\n").encode())
    except OSError as err:
        raise TrainingError(f"{run_dir}: expected a folder to write to, found: {err}") from err


def read_places(run_dir: Path) -> WakePlaces:
    """The inverse of `write_places`. Raises `TrainingError`."""
    file = run_dir / PLACES
    try:
        stored = build(_Places, json.loads(file.read_text("utf-8")), source=str(file))
    except (OSError, ValueError, TypeError, ConfigError) as err:
        raise TrainingError(f"{file}: expected where a wake word's recordings lie, found: {err}; train again") from err
    return WakePlaces(
        tuple(map(Path, stored.negatives)),
        tuple(map(Path, stored.noise)),
        Path(stored.recordings) if stored.recordings else None,
        Path(stored.piper_voices) if stored.piper_voices else None,
    )


@dataclass(frozen=True)
class _Places:
    """`places.json`."""

    negatives: tuple[str, ...] = ()
    noise: tuple[str, ...] = ()
    recordings: str | None = None
    piper_voices: str | None = None
