"""A recipe: one TOML file that says what to train, and the frozen dataclass it becomes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.bundle.speech import SpeechDecodeSpec
from edge_asr.config import Table, apply_overrides, build, read_toml, to_table
from edge_asr.data.spec import AugmentSpec, DataSpec
from edge_asr.data.speech_spec import SpeechSpec
from edge_asr.data.voices_spec import VoicesSpec
from edge_asr.data.wake_spec import WakeSpec
from edge_asr.errors import ConfigError
from edge_asr.frontend.presets import PRESETS
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.training.spec import QuantizeSpec, TrainSpec
from edge_asr.training.speech_recipe import check_steps, decode_spec, speech_data, tokens_of, with_words
from edge_asr.zoo.spec import CtcNet, ModelSpec, model_spec, model_table, pads_in_time

TABLES = ("frontend", "data", "augment", "model", "train", "quantize", "detect", "voices", "wake", "speech", "decode")


@dataclass(frozen=True)
class Recipe:
    """What to train."""

    name: str
    """Name of the model and its bundle: letters, digits, `_` and `-`."""
    description: str
    frontend: FrontendSpec
    data: DataSpec
    augment: AugmentSpec
    model: ModelSpec
    train: TrainSpec
    quantize: QuantizeSpec
    detect: DetectSpec
    voices: VoicesSpec | None = None
    """What synthetic voices say beside the data set's recordings; None: nothing."""
    wake: WakeSpec | None = None
    """Only of a wake word: what is spoken, instead of a data set."""
    speech: SpeechSpec | None = None
    """Only of a recogniser: what it learns to write down, which gives `data.labels`."""
    decode: SpeechDecodeSpec | None = None
    """Likewise: how a device makes words of its outputs."""

    @property
    def clip_samples(self) -> int:
        """Samples of the window that the model sees."""
        return round(self.data.clip_seconds * self.frontend.sample_rate)

    @property
    def input_shape(self) -> tuple[int | None, int, int]:
        """(frames, features, 1) of the model's input; a recogniser's takes any number of frames: None."""
        frames = None if self.speech else self.frontend.frames_in(self.clip_samples)
        return (frames, self.frontend.features, 1)


def load_recipe(path: Path, overrides: Iterable[str] = ()) -> Recipe:
    """Read `recipe.toml` (or the folder that holds it), apply `--set` values, check all. Raises `ConfigError`."""
    file = path / "recipe.toml" if path.is_dir() else path
    return recipe_from_table(with_words(apply_overrides(read_toml(file), overrides), file.parent), source=str(file))


def recipe_from_table(table: Mapping[str, Any], *, source: str) -> Recipe:
    """Check a parsed recipe. Raises `ConfigError`."""
    allowed = ("name", "description", *TABLES)
    for key in table:
        if key not in allowed:
            raise ConfigError(f"{source}: unknown key {key!r} (allowed: {', '.join(allowed)})")
    tables = {name: table.get(name, {}) for name in TABLES}
    for title, value in tables.items():
        if not isinstance(value, Mapping):
            raise ConfigError(f"{source}: {title!r} must be a table, found {value!r:.80}")
    name = table.get("name")
    if not isinstance(name, str) or not name or not all(c.isalnum() or c in "_-" for c in name):
        raise ConfigError(f"{source}: 'name' must be letters, digits, _ and -, found {name!r:.80}")
    description = table.get("description", "")
    if not isinstance(description, str):
        raise ConfigError(f"{source}: 'description' must be a text, found {description!r:.80}")
    wake = build(WakeSpec, tables["wake"], source=source, where="wake") if "wake" in table else None
    speech = build(SpeechSpec, tables["speech"], source=source, where="speech") if "speech" in table else None
    voices = build(VoicesSpec, tables["voices"], source=source, where="voices") if "voices" in table else None
    model = model_spec(tables["model"], source=source)
    _check_kind(wake, speech, table, source)
    recipe = Recipe(
        name=name,
        description=description,
        frontend=_frontend(tables["frontend"], source),
        data=build(DataSpec, _data(tables["data"], wake, speech, source), source=source, where="data"),
        augment=build(AugmentSpec, tables["augment"], source=source, where="augment"),
        model=model,
        train=build(TrainSpec, tables["train"], source=source, where="train"),
        quantize=build(QuantizeSpec, tables["quantize"], source=source, where="quantize"),
        detect=build(DetectSpec, tables["detect"], source=source, where="detect"),
        voices=voices,
        wake=wake,
        speech=speech,
        decode=decode_spec(tables["decode"], speech, model, source) if speech else None,
    )
    _check_relations(recipe, source)
    return recipe


def recipe_table(recipe: Recipe) -> Table:
    """The recipe as plain tables, every default written out; `recipe_from_table` reads it back."""
    # A table that a recipe does not have is not written: hashes of older recipes stay what they were.
    table = {name: to_table(getattr(recipe, name)) for name in TABLES if name != "model" and getattr(recipe, name) is not None}
    return {"name": recipe.name, "description": recipe.description, **table, "model": model_table(recipe.model)}


def recipe_hash(recipe: Recipe) -> str:
    """SHA-256 (hex) of the resolved recipe, without its name and description."""
    plain = replace(recipe, name="x", description="")
    return hashlib.sha256(json.dumps(recipe_table(plain), sort_keys=True).encode()).hexdigest()


def _frontend(table: Mapping[str, Any], source: str) -> FrontendSpec:
    rest = dict(table)
    preset = rest.pop("preset", "logmel40")
    if not isinstance(preset, str) or preset not in PRESETS:
        raise ConfigError(f"{source}: 'frontend.preset' must be one of {', '.join(PRESETS)}, found {preset!r:.80}")
    return build(FrontendSpec, {**to_table(PRESETS[preset]), **rest}, source=source, where="frontend")


def _check_kind(wake: WakeSpec | None, speech: SpeechSpec | None, table: Mapping[str, Any], source: str) -> None:
    if wake and speech:
        raise ConfigError(f"{source}: expected a [wake] or a [speech] table, found both: a recipe is of one of them")
    if "voices" in table and (wake or speech):
        own = "wake" if wake else "speech"
        raise ConfigError(
            f"{source}: [voices] is beside a data set of recordings, [{own}] says itself what voices say: leave it out"
        )
    if "decode" in table and speech is None:
        raise ConfigError(f"{source}: [decode] is of a recogniser: expected a [speech] table beside it, found none")


def _data(table: Mapping[str, Any], wake: WakeSpec | None, speech: SpeechSpec | None, source: str) -> Mapping[str, Any]:
    """With phrases, they give `reader` and `labels`; so does what a recogniser writes."""
    if speech is not None:
        return speech_data(table, speech, source)
    if wake is None:
        if table.get("reader") in ("wake", "speech"):
            reader = table["reader"]
            raise ConfigError(f"{source}: 'data.reader' is {reader!r}: expected a [{reader}] table, found none")
        return table
    follows = {"reader": "wake", "labels": list(wake.labels)}
    for key, value in follows.items():
        if table.get(key, value) != value:
            raise ConfigError(f"{source}: 'data.{key}' follows from wake.phrases, which give {value!r}; found {table[key]!r:.80}")
    return {**table, **follows}


def _check_relations(recipe: Recipe, source: str) -> None:
    frames = recipe.input_shape[0]
    if frames is None:
        tokens_of(recipe)
        check_steps(recipe, source)
    elif isinstance(recipe.model, CtcNet):
        raise ConfigError(f"{source}: 'model.arch' is 'ctc_net', which writes tokens: expected a [speech] table, found none")
    elif frames < 1:
        raise ConfigError(
            f"{source}: 'data.clip_seconds' must hold at least one frame of {recipe.frontend.window_ms} ms, "
            f"found {recipe.data.clip_seconds}"
        )
    streaming = [form for form in recipe.quantize.forms if form != "window"]
    if streaming and pads_in_time(recipe.model):  # before hours of training, not behind them
        raise ConfigError(
            f"{source}: 'quantize.forms' names {', '.join(streaming)}, which needs a causal network: "
            "model.causal = true, or model.arch = 'ds_tc_resnet'"
        )
    unknown = sorted(set(recipe.detect.thresholds) - set(recipe.data.labels))
    if unknown:
        raise ConfigError(f"{source}: 'detect.thresholds' names labels that data.labels does not: {', '.join(unknown)}")
