"""What synthetic voices are worth beside recordings of few people (the `[voices]` table of a recipe).

    python benchmarks/few_speakers.py --data speech_commands/ --speakers 50 [--takes 300] [--epochs 40]

A recipe (without its teachers) learns from the recordings of so many speakers of the training split, once without voices and
once with them, and is judged in float on the data set's whole validation split. Some minutes for each.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from edge_asr.data.clips import DataSet
from edge_asr.data.readers import read_dataset
from edge_asr.data.split import stable_hash
from edge_asr.data.voices_spec import VoicesSpec
from edge_asr.training.console import progress_bars
from edge_asr.training.fit import train
from edge_asr.training.metrics import Proportion
from edge_asr.training.pipeline import prepare_dataset
from edge_asr.training.recipe import Recipe, load_recipe

COPIES = 8
CACHE = Path(".cache")


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy on people with and without synthetic voices beside few recordings.")
    parser.add_argument("--recipe", type=Path, default=Path("models/commands12"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--speakers", type=int, required=True)
    parser.add_argument("--takes", type=int, default=VoicesSpec().takes, help="of each label")
    parser.add_argument("--epochs", type=int, default=40)
    args = parser.parse_args()
    recipe = load_recipe(args.recipe, [f"train.epochs={args.epochs}", "train.teachers=[]", f"augment.copies={COPIES}"])
    dataset = of_few(read_dataset(recipe.data, args.data), args.speakers)
    words = Counter(clip.word for clip in dataset.clips if clip.split == "train")
    print("clips a label:", ", ".join(f"{label} {words[label]}" for label in recipe.data.labels if words[label]), flush=True)
    for title, voices in (("recordings alone", None), ("with voices", VoicesSpec(takes=args.takes))):
        right = accuracy(replace(recipe, voices=voices), dataset)
        print(f"{title}: {right} of {right.total} validation clips", flush=True)


def of_few(dataset: DataSet, count: int) -> DataSet:
    """`dataset` with the training clips of `count` speakers, always the same ones."""
    speakers = sorted({clip.speaker for clip in dataset.clips if clip.split == "train" and clip.speaker}, key=stable_hash)
    kept = set(speakers[:count])
    return replace(dataset, clips=tuple(clip for clip in dataset.clips if clip.split != "train" or clip.speaker in kept))


def accuracy(recipe: Recipe, dataset: DataSet) -> Proportion:
    with progress_bars() as progress, tempfile.TemporaryDirectory() as folder:
        prepared = prepare_dataset(recipe, dataset, cache_dir=CACHE, workers=os.cpu_count() or 1, progress=progress)
        result = train(recipe, prepared, Path(folder) / "run", progress=progress)
    clips = len(prepared.validation.labels)
    return Proportion(round((result.kept.validation_accuracy or 0.0) * clips), clips)


if __name__ == "__main__":
    main()
