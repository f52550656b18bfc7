"""A wake word's recipe from what is typed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edge_asr.bundle.phrase import phrase_label
from edge_asr.training.recipe import Recipe, load_recipe


def wake_recipe(path: Path, phrases: Sequence[str], language: str = "", overrides: Sequence[str] = ()) -> Recipe:
    """The recipe at `path` for other phrases, named after them; `overrides` are `--set` values. Raises `ConfigError`."""
    settings = [f"wake.phrases={json.dumps(list(phrases))}"]
    if language:
        settings.append(f"wake.language={json.dumps(language)}")
    recipe = load_recipe(path, [*settings, *overrides])
    name = "-".join(_plain(phrase_label(phrase)) for phrase in phrases)
    return replace(recipe, name=name or recipe.name, description=f"Wake word: {', '.join(phrases)}.")


def _plain(label: str) -> str:
    return "".join(char for char in label if char.isalnum() or char == "_")
