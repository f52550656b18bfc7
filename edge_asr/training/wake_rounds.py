"""Training in rounds: fit, listen to what must not wake, go on with what did."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_asr.data.prepare_wake import expect_every_label
from edge_asr.data.speech_embedding import SpeechEmbedding, has_speech_embedding
from edge_asr.data.tables import FeatureTable, Prepared
from edge_asr.data.wake_dataset import again
from edge_asr.data.wake_windows import WakeWindow, mined_window
from edge_asr.training.embedding_head import Guidance, guidance
from edge_asr.training.fit import train
from edge_asr.training.history import History
from edge_asr.training.quantize import quantize
from edge_asr.training.recipe import Recipe
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.wake_mining import Mined, listening, mine, read_mined, write_mined
from edge_asr.training.workshop import Collected, Workshop, features

MINED = "mined.json"


def train_rounds(shop: Workshop, collected: Collected) -> tuple[Mined, ...]:
    """Train, and mine and go on `wake.mining_rounds` times; leaves a run folder as one training would, and the rounds in it.

    What is finished is not done again. Raises what training, quantising and listening raise.
    """
    found: tuple[Mined, ...] = ()
    for number in range(shop.wake.mining_rounds + 1):
        folder = round_dir(shop, number)
        prepared = round_table(shop, collected, found)
        guide = round_guidance(shop, collected, found)
        train(
            round_recipe(shop.recipe, number),
            prepared,
            folder,
            resume=True,
            begin_with=round_dir(shop, number - 1) if number else None,
            teacher_logits=guide.teacher_logits if guide else None,
            foretold=guide.foretold if guide else None,
            progress=shop.progress,
        )
        if number < shop.wake.mining_rounds:
            found = (*found, _mine(shop, collected, prepared, folder))
    _publish(shop)
    return found


def round_dir(shop: Workshop, number: int) -> Path:
    """Run folder of a round, counted from 0."""
    return shop.run_dir / "rounds" / str(number)


def round_recipe(recipe: Recipe, number: int) -> Recipe:
    """The first round is trained as the recipe says, the others shorter, at their own learning rate."""
    if not number or recipe.wake is None:
        return recipe
    spec = replace(
        recipe.train, epochs=recipe.wake.mining_epochs, learning_rate=recipe.wake.mining_learning_rate, warmup_epochs=0.0
    )
    return replace(recipe, train=spec)


def mined_so_far(shop: Workshop) -> tuple[Mined, ...]:
    """What the finished rounds have found."""
    found = (read_mined(round_dir(shop, number) / MINED) for number in range(shop.wake.mining_rounds))
    return tuple(mined for mined in found if mined is not None)


def round_table(
    shop: Workshop, collected: Collected, found: Sequence[Mined], frontend: SpeechEmbedding | None = None
) -> Prepared:
    """The features of all windows, and of what was mined, each of which counts `wake.mining_weight` times."""
    prepared = features(shop, collected, collected.dataset.windows, frontend)
    expect_every_label(prepared)
    windows = [copy for window in _windows(shop, found) for copy in again(window, shop.wake.mining_weight)]
    if not windows:
        return prepared
    mined = features(shop, collected, windows, frontend).train
    table = FeatureTable(
        np.concatenate([prepared.train.features, mined.features]),
        np.concatenate([prepared.train.labels, mined.labels]),
        prepared.train.ids + mined.ids,
        prepared.train.label_names,
    )
    return replace(prepared, train=table)


def round_guidance(shop: Workshop, collected: Collected, found: Sequence[Mined]) -> Guidance | None:
    """What the speech embedding gives for the same windows; None where the recipe or the machine has none.

    It is made anew when a run is resumed, in seconds, from the features in the cache: the same seed gives the same.
    """
    if not shop.wake.guided or not has_speech_embedding():
        return None
    table = round_table(shop, collected, found, SpeechEmbedding()).train
    return guidance(table, shop.recipe, progress=shop.progress)


def _windows(shop: Workshop, found: Sequence[Mined]) -> list[WakeWindow]:
    return [
        mined_window(f"{number}/{place:05d}", Path(moment.path), moment.time, shop.recipe.data.clip_seconds)
        for number, mined in enumerate(found)
        for place, moment in enumerate(mined.moments)
    ]


def _mine(shop: Workshop, collected: Collected, prepared: Prepared, folder: Path) -> Mined:
    """By the int8 model, in the stream: the very thing that will run."""
    known = read_mined(folder / MINED)
    if known is not None:
        return known
    bundle, traces = folder / "bundle", folder / "traces"
    quantize(folder, prepared, bundle, settings=replace(shop.recipe.quantize, method="ptq"), progress=shop.progress)
    listened = listening(shop.wake, collected.sources.material.negatives, collected.spoken, shop.seed)
    mined = mine(bundle, listened, shop.wake, traces, workers=shop.workers, progress=shop.progress)
    write_mined(folder / MINED, mined)
    shutil.rmtree(traces, ignore_errors=True)
    return mined


def _publish(shop: Workshop) -> None:
    """The last round's network is the run's; its curves are those of all rounds in a row."""
    rounds = [RunFolder(round_dir(shop, number)) for number in range(shop.wake.mining_rounds + 1)]
    folder = RunFolder(shop.run_dir)
    folder.begin(shop.recipe, rounds[-1].info())
    folder.write_history(_in_a_row([one.history() for one in rounds]))
    folder.write_weights(rounds[-1].model())


def _in_a_row(histories: list[History]) -> History:
    records = [record for history in histories for record in history]
    return tuple(replace(record, epoch=epoch) for epoch, record in enumerate(records, start=1))
