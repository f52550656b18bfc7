"""From a recogniser's recipe and places with recordings to a trained run folder, and from there to a bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_asr.bundle.speech import AssetRole
from edge_asr.config import apply_overrides
from edge_asr.data.compile_grammar import compile_grammar
from edge_asr.data.prepare_speech import prepare_speech
from edge_asr.data.pronounce import pronounced
from edge_asr.data.speech_material import SpeechPlaces
from edge_asr.data.speech_table import PreparedSpeech
from edge_asr.data.templates import read_templates
from edge_asr.data.tokens import Tokens
from edge_asr.errors import ConfigError, TrainingError
from edge_asr.files import write_whole
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.grammar import write_grammar
from edge_asr.training.backend import load_keras
from edge_asr.training.recipe import Recipe, load_recipe, recipe_from_table, recipe_table
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.workers import Workers

if TYPE_CHECKING:
    from edge_asr.training.quantize_report import QuantizeReport
    from edge_asr.training.speech_fit import OnEpoch, SpeechResult

_LISTS = ("data", "negatives", "noise")


def train_speech_run(
    recipe_path: Path,
    places: SpeechPlaces,
    run_dir: Path,
    *,
    overrides: Sequence[str] = (),
    resume: bool = False,
    together: Workers | None = None,
    cache_dir: Path,
    workers: int,
    progress: Progress = no_progress,
    on_epoch: OnEpoch | None = None,
) -> SpeechResult:
    """Train the recogniser of the recipe at `recipe_path`, beside which its templates lie.

    The run folder keeps the templates and the places. `together`: which machines share every batch, None: this one alone.
    Raises any `EdgeAsrError` but `AudioError`.
    """
    load_keras()
    from edge_asr.training.speech_fit import train_speech
    from edge_asr.training.team import Team

    recipe = load_recipe(recipe_path, overrides)
    folder = RunFolder(run_dir)
    if not resume:
        folder.expect_no_run()  # before anything of it is overwritten, and before minutes of work
    team = Team(together)
    base = recipe_path if recipe_path.is_dir() else recipe_path.parent
    places = replace(places, templates=_templates(recipe, base))
    prepared = _prepare(recipe, places, cache_dir, workers, progress)
    if places.templates is not None and team.is_chief and not folder.has_checkpoint():
        _keep(places.templates, run_dir)
    facts = {"places": _absolute(places)}
    return train_speech(recipe, prepared, run_dir, resume=resume, facts=facts, team=team, progress=progress, on_epoch=on_epoch)


def quantize_speech_run(
    run_dir: Path,
    bundle_dir: Path,
    *,
    places: SpeechPlaces | None = None,
    overrides: Sequence[str] = (),
    cache_dir: Path,
    workers: int,
    progress: Progress = no_progress,
    say: Callable[[str], None] = lambda line: None,
) -> QuantizeReport:
    """Make the recogniser in `run_dir` int8; the grammar of its templates goes into the bundle.

    What somebody has put into a bundle that is there already stays; `say` is told (see `keep_assets`).

    `places`: where the recordings lie, if they are no longer where training found them. `overrides` are `--set` values; only
    `[quantize]` and `[decode]` can change. Raises any `EdgeAsrError` but `AudioError`.
    """
    load_keras()
    from edge_asr.training.speech_quantize import quantize_speech

    folder = RunFolder(run_dir)
    recipe = folder.recipe()
    changed = recipe_from_table(apply_overrides(recipe_table(recipe), overrides), source=str(run_dir / "recipe.toml"))
    if replace(changed, quantize=recipe.quantize, decode=recipe.decode) != recipe:
        raise TrainingError(
            f"{run_dir}: expected --set quantize.KEY=VALUE or decode.KEY=VALUE, found changes to what was trained; train again"
        )
    templates = _templates(recipe, run_dir)
    found = replace(places or _places(folder), templates=templates)
    prepared = _prepare(recipe, found, cache_dir, workers, progress)
    assets = _assets(templates, prepared.tokens)
    return quantize_speech(run_dir, changed, prepared, bundle_dir, assets=assets, progress=progress, say=say)


def _prepare(recipe: Recipe, places: SpeechPlaces, cache_dir: Path, workers: int, progress: Progress) -> PreparedSpeech:
    if recipe.speech is None:
        raise ConfigError(f"recipe {recipe.name!r}: expected a [speech] table, found none")
    return prepare_speech(
        recipe.speech,
        recipe.augment,
        recipe.frontend,
        places,
        seed=recipe.train.seed,
        cache_dir=cache_dir,
        workers=workers,
        progress=progress,
    )


def _templates(recipe: Recipe, base: Path) -> Path | None:
    """The file of sentence templates, of which a run folder has a copy."""
    named = recipe.speech.templates if recipe.speech else ""
    if not named:
        return None
    copy = base / Path(named).name
    return copy if copy.exists() else base / named


def _keep(templates: Path, run_dir: Path) -> None:
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        write_whole(run_dir / templates.name, templates.read_bytes())
    except OSError as err:
        raise TrainingError(f"{run_dir}: expected a folder to write to, found: {err}") from err


def _assets(templates: Path | None, tokens: Tokens) -> dict[AssetRole, tuple[str, bytes]]:
    if templates is None:
        return {}
    grammar = compile_grammar(read_templates(templates))
    return {"grammar": ("grammar.json", write_grammar(pronounced(grammar) if tokens.unit == "phonemes" else grammar))}


def _absolute(places: SpeechPlaces) -> dict[str, Any]:
    table: dict[str, Any] = {name: [str(place.absolute()) for place in getattr(places, name)] for name in _LISTS}
    return {**table, "piper_voices": str(places.piper_voices.absolute()) if places.piper_voices else ""}


def _places(folder: RunFolder) -> SpeechPlaces:
    """Where training found its recordings."""
    table = folder.info().get("places", {})
    data, negatives, noise = (tuple(map(Path, table.get(name, []))) for name in _LISTS)
    piper = table.get("piper_voices")
    return SpeechPlaces(data, negatives, noise, Path(piper) if piper else None)
