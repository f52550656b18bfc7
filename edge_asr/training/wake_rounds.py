"""Training in rounds: fit, listen to what must not wake, go on with what did."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from edge_asr.data.tables import Prepared
from edge_asr.training.fit import train
from edge_asr.training.history import History
from edge_asr.training.quantize import quantize
from edge_asr.training.recipe import Recipe
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.wake_mining import Mined, listening, mine, read_mined, write_mined
from edge_asr.training.wake_tables import MINED, round_dir, round_guidance, round_table
from edge_asr.training.workshop import Collected, Workshop


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


def round_recipe(recipe: Recipe, number: int) -> Recipe:
    """The first round is trained as the recipe says, the others shorter, at their own learning rate."""
    if not number or recipe.wake is None:
        return recipe
    spec = replace(
        recipe.train, epochs=recipe.wake.mining_epochs, learning_rate=recipe.wake.mining_learning_rate, warmup_epochs=0.0
    )
    return replace(recipe, train=spec)


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
