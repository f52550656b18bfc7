"""What a recogniser's recipe leaves to its `[speech]` and `[model]` tables: the tokens, and how they are decoded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_asr.bundle.speech import SpeechDecodeSpec
from edge_asr.config import build
from edge_asr.data.speech_spec import SpeechSpec
from edge_asr.data.speech_tokens import tokens_for
from edge_asr.data.tokens import Tokens
from edge_asr.errors import ConfigError, DataError, SynthesisError
from edge_asr.zoo.spec import CtcNet, ModelSpec, stride_frames

if TYPE_CHECKING:
    from edge_asr.training.recipe import Recipe

READER = "speech"
"""`data.reader` of a recogniser's recipe."""


def with_words(table: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """A recipe's table, in which the words of a closed set that names none are those of its templates, which lie in `folder`.

    Raises `ConfigError` for bad templates.
    """
    speech = table.get("speech")
    if not isinstance(speech, Mapping) or speech.get("unit") != "words" or "words" in speech:
        return table
    named = speech.get("templates")
    if speech.get("script") != "templates" or not isinstance(named, str) or not named:
        return table
    from edge_asr.data.compile_grammar import compile_grammar
    from edge_asr.data.templates import read_templates

    words = sorted(compile_grammar(read_templates(folder / named)).words)
    return {**table, "speech": {**speech, "words": words}}


def speech_data(table: Mapping[str, Any], speech: SpeechSpec, source: str) -> dict[str, Any]:
    """The `[data]` table, in which reader and labels (the blank, then the tokens) follow from `[speech]`.

    Raises `ConfigError`.
    """
    try:
        tokens = tokens_for(speech)
    except (DataError, SynthesisError) as err:
        raise ConfigError(f"{source}: {err}") from err
    follows = {"reader": READER, "labels": list(tokens.labels)}
    for key, value in follows.items():
        if table.get(key, value) != value:
            raise ConfigError(f"{source}: 'data.{key}' follows from [speech], which gives {value!r}; found {table[key]!r:.80}")
    return {**table, **follows}


def decode_spec(table: Mapping[str, Any], speech: SpeechSpec, model: ModelSpec, source: str) -> SpeechDecodeSpec:
    """The `[decode]` table, in which unit, language and stride follow from `[speech]` and `[model]`. Raises `ConfigError`."""
    if not isinstance(model, CtcNet):
        raise ConfigError(f"{source}: 'model.arch' must be 'ctc_net' beside a [speech] table")
    follows = {"unit": speech.unit, "language": speech.language, "stride_frames": stride_frames(model)}
    for key, value in follows.items():
        if table.get(key, value) != value:
            raise ConfigError(
                f"{source}: 'decode.{key}' follows from [speech] and [model], which give {value!r}; found {table[key]!r:.80}"
            )
    return build(SpeechDecodeSpec, {**table, **follows}, source=source, where="decode")


def check_steps(recipe: Recipe, source: str) -> None:
    """Check that a step of the device makes whole output frames. Raises `ConfigError`."""
    assert recipe.decode is not None
    frames, stride = recipe.frontend.hops_in(recipe.decode.step_ms), recipe.decode.stride_frames
    if frames % stride:
        raise ConfigError(
            f"{source}: 'decode.step_ms' must make a multiple of the model's stride, {stride} frames, found "
            f"{recipe.decode.step_ms:g} ms, which make {frames}"
        )


def tokens_of(recipe: Recipe) -> Tokens:
    """What the network of a recogniser's recipe writes. Raises `ConfigError` for a recipe without a `[speech]` table."""
    if recipe.speech is None:
        raise ConfigError(f"recipe {recipe.name!r}: expected a [speech] table, found none")
    try:
        return Tokens(recipe.speech.unit, recipe.data.labels)
    except DataError as err:
        raise ConfigError(f"recipe {recipe.name!r}: 'data.labels': {err}") from err
