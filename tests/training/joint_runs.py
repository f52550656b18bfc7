"""Two short runs by any team: a recogniser's, interrupted after an epoch and gone on with, and a keyword network's.

Without dropout, whose masks are drawn for a worker's share and would be others than those of whole batches.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_asr.training.fit import train
from edge_asr.training.speech_fit import train_speech
from edge_asr.training.team import Team
from tests.training.toy import toy_data, toy_recipe
from tests.training.toy_speech import speech_data, speech_recipe


def run_speech(folder: Path, team: Team) -> Any:
    """Two epochs of five batches, of which the second is another run's; returns the history."""
    recipe = speech_recipe(dropout=0.0, epochs=2)
    prepared = speech_data(recipe, rows=40)
    with pytest.raises(KeyboardInterrupt):
        train_speech(recipe, prepared, folder, team=team, on_epoch=_interrupt)
    return train_speech(recipe, prepared, folder, team=team, resume=True).history


def run_keywords(folder: Path, team: Team) -> Any:
    """Two epochs of eight batches; returns the history."""
    recipe = toy_recipe(epochs=2, per_keyword=20, per_unknown=20, per_silence=20)
    recipe = replace(recipe, model=replace(recipe.model, dropout=0.0))
    return train(recipe, toy_data(recipe), folder, team=team).history


def _interrupt(record: Any) -> None:
    raise KeyboardInterrupt
