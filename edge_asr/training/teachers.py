"""What the teachers that a recipe names say about its training clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np

from edge_asr.data.speech_embedding import SpeechEmbedding, expect_speech_embedding
from edge_asr.data.spoken_clips import is_spoken
from edge_asr.data.tables import FeatureTable
from edge_asr.errors import TrainingError
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.progress import Progress, no_progress
from edge_asr.training.distill import corrected, teacher_logits
from edge_asr.training.embedding_head import anywhere, guidance
from edge_asr.training.guidance import Guidance
from edge_asr.training.recipe import Recipe
from edge_asr.training.spec import SPEECH_EMBEDDING

TableFor: TypeAlias = Callable[[FrontendSpec | SpeechEmbedding], FeatureTable]
"""The training table of the same clips and variants, as another front end hears them."""

HEARD = SpeechEmbedding(every=1, around=0.2)
"""A word at the edge of its clip is then in the middle of some frame of 775 ms."""


def expect_teachers(recipe: Recipe) -> None:
    """Raise `DataError` or `TrainingError` where a teacher that `recipe` names can't be asked, before minutes of work."""
    if SPEECH_EMBEDDING not in recipe.train.teachers:
        return
    expect_speech_embedding()
    if recipe.frontend.sample_rate != HEARD.sample_rate:
        raise TrainingError(
            f"train.teachers names {SPEECH_EMBEDDING}, which hears {HEARD.sample_rate} Hz: expected frontend.sample_rate = "
            f"{HEARD.sample_rate}, found {recipe.frontend.sample_rate}"
        )


def ask_teachers(
    recipe: Recipe, base: Path, table: FeatureTable, table_for: TableFor, progress: Progress = no_progress
) -> Guidance:
    """The answers for each clip and variant of `table`. Teachers' paths are relative to `base`.

    All networks together count as much as the heads on the speech embedding, which are trained here, where the recipe names
    both: the embedding has heard far more people, the networks know the words better.
    Raises `TrainingError` for teachers that do not fit, and what `table_for` raises.
    """
    networks = [base / name for name in recipe.train.teachers if name != SPEECH_EMBEDDING]
    answers, foretold = [], None
    if networks:

        def heard(frontend: FrontendSpec) -> FeatureTable:
            return table if frontend == recipe.frontend else table_for(frontend)

        answers.append(teacher_logits(networks, heard, progress=progress))
    if len(networks) < len(recipe.train.teachers):
        embeddings = table_for(HEARD)
        if embeddings.ids != table.ids:
            raise TrainingError("expected embeddings of the same clips as the features, found others; clear the cache")
        heads = guidance(embeddings, recipe, anywhere(embeddings.features.shape[2]), progress=progress)
        answers.append(heads.teacher_logits)
        foretold = heads.foretold
    mean = np.log(np.mean([np.exp(said.astype(np.float32)) for said in answers], axis=0)).astype(np.float16)
    certain = np.array([is_spoken(name) for name in table.ids])
    return Guidance(corrected(mean, table.labels, certain, recipe.train.label_smoothing), foretold)
