from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from edge_asr.data.clips import SPLITS, Clip, DataSet
from edge_asr.data.spec import DataSpec
from edge_asr.data.task import examples, labelled_clips
from edge_asr.errors import DataError

SPEC = DataSpec(
    reader="folder", labels=("yes", "_silence_", "no", "_unknown_"), silence_percent=15, unknown_percent=25, spliced_unknowns=0.5
)
ROOT = Path("data")


def dataset(words: str = "yes no bed cat dog", each: int = 20) -> DataSet:
    clips = [
        Clip(ROOT / word / f"{split}{i}.wav", word, None, split)
        for word in words.split()
        for split in SPLITS
        for i in range(each)
    ]
    return DataSet("small", ROOT, tuple(clips))


def counts(of_split) -> Counter:
    return Counter(SPEC.labels[example.label] for example in of_split)


def test_labels_and_shares_of_each_split():
    splits = examples(dataset(), SPEC, seed=0)
    # 40 keyword clips: 15 % are 6 of silence, 25 % are 10 unknown; training keeps all 60 other words and adds 30 spliced.
    assert counts(splits["train"]) == {"yes": 20, "no": 20, "_unknown_": 90, "_silence_": 6}
    assert counts(splits["validation"]) == counts(splits["test"]) == {"yes": 20, "no": 20, "_unknown_": 10, "_silence_": 6}
    for split, items in splits.items():
        assert all(clip.split == split for item in items for clip in item.clips)
        assert all(item.split == split for item in items)
        for item in items:
            if len(item.clips) == 1 and SPEC.labels[item.label] != "_unknown_":
                assert item.clips[0].word == SPEC.labels[item.label]


def test_ids_are_unique():
    ids = [item.id for items in examples(dataset(), SPEC, seed=0).values() for item in items]
    assert len(set(ids)) == len(ids)
    assert "yes/train0.wav" in ids


def test_shares_are_rounded_up():
    spec = replace(SPEC, silence_percent=1, unknown_percent=1)
    assert counts(examples(dataset(), spec, seed=0)["test"]) == {"yes": 20, "no": 20, "_unknown_": 1, "_silence_": 1}


def test_the_seed_changes_training_only():
    first, second = (examples(dataset(), SPEC, seed=seed) for seed in (1, 2))
    assert first["train"] != second["train"]
    assert first["train"] == examples(dataset(), SPEC, seed=1)["train"]
    assert (first["validation"], first["test"]) == (second["validation"], second["test"])


def test_spliced_words_are_of_two_words_and_at_most_one_keyword():
    spliced = [item for item in examples(dataset(), SPEC, seed=0)["train"] if len(item.clips) == 2]
    pairs = [tuple(clip.word for clip in item.clips) for item in spliced]
    assert len(pairs) == 30
    assert all(one != other and not {one, other} <= {"yes", "no"} for one, other in pairs)
    assert any({"yes", "no"} & set(pair) for pair in pairs)


def test_without_background_labels_other_words_are_left_aside():
    spec = DataSpec(reader="folder", labels=("yes", "no"))
    assert Counter(item.clips[0].word for item in examples(dataset(), spec, seed=0)["train"]) == {"yes": 20, "no": 20}


def test_recorded_silence_and_unknown_are_used():
    splits = examples(dataset("yes no _silence_ _unknown_"), SPEC, seed=0)
    assert counts(splits["train"]) == {"yes": 20, "no": 20, "_unknown_": 30, "_silence_": 20}
    assert counts(splits["test"]) == {"yes": 20, "no": 20, "_unknown_": 10, "_silence_": 20}
    assert all(item.clips for item in splits["test"])


def test_a_label_without_clips_is_named():
    with pytest.raises(DataError, match="none of: no"):
        examples(dataset("yes bed"), SPEC, seed=0)


def test_labelled_clips_are_all_that_have_a_label():
    assert Counter(item.label for item in labelled_clips(dataset(), ("yes", "_unknown_"))) == {0: 60, 1: 240}
    assert Counter(item.label for item in labelled_clips(dataset(), ("cat", "yes"))) == {0: 60, 1: 60}
