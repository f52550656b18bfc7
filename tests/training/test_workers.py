"""TF_CONFIG: which machines train together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_asr.data.wake_places import WakePlaces
from edge_asr.errors import ConfigError
from edge_asr.tasks.wake import train_wake_words
from edge_asr.training import wake
from edge_asr.training.wake_recipe import wake_recipe
from edge_asr.training.workers import Workers, read_tf_config


def config(cluster, kind="worker", index=0):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


def test_workers_and_a_chief_before_them():
    assert read_tf_config("") == read_tf_config(" \n") == Workers()
    assert Workers().count == 1
    assert read_tf_config(config({"worker": ["a:1", "b:1"]}, index=1)) == Workers(("a:1", "b:1"), 1)
    assert read_tf_config(config({"chief": ["c:1"], "worker": ["a:1", "b:1"]}, index=1)) == Workers(("c:1", "a:1", "b:1"), 2)
    assert read_tf_config(config({"chief": ["c:1"], "worker": ["a:1"]}, "chief")) == Workers(("c:1", "a:1"), 0)


@pytest.mark.parametrize(
    "text",
    [
        "host:1",
        "[]",
        "{}",
        "[" * 100_000,
        config({}),
        config([]),
        config({"worker": "a:1"}),
        config({"worker": [1, 2]}),
        config({"worker": ["host", "b:1"]}),
        config({"worker": ["a:1", "b:1"]}, index=2),
        config({"worker": ["a:1", "b:1"]}, index="0"),
        config({"worker": ["a:1", "b:1"]}, index=-1),
        config({"worker": ["a:1"], "ps": ["p:1"]}, kind="ps"),
        config({"worker": ["a:1"], "evaluator": ["p:1"]}, kind="evaluator"),
    ],
)
def test_mistakes(text):
    with pytest.raises(ConfigError, match='expected TF_CONFIG like {"cluster"'):
        read_tf_config(text)


def test_an_address_that_stands_twice():
    with pytest.raises(ConfigError, match="different addresses"):
        read_tf_config(config({"worker": ["a:1", "a:1"]}))
    with pytest.raises(ConfigError, match="index from 0 to 1, found 2"):
        Workers(("a:1", "b:1"), 2)


def test_a_wake_word_is_trained_on_one_machine(monkeypatch, tmp_path):
    class BegunError(Exception):
        pass

    def begin(shop, places, **_):
        raise BegunError

    monkeypatch.setattr(wake, "train_wake", begin)
    recipe = wake_recipe(Path(__file__).parents[2] / "models" / "wake", ["computer"], "", [])
    wanted = (recipe, WakePlaces(), tmp_path / "run", tmp_path / "cache", False)
    for alone in ("", config({"worker": ["a:1"]})):
        monkeypatch.setenv("TF_CONFIG", alone)
        with pytest.raises(BegunError):
            train_wake_words(*wanted)
    monkeypatch.setenv("TF_CONFIG", config({"worker": ["a:1", "b:1"]}, index=1))
    with pytest.raises(ConfigError, match="trained on one machine, found 2 workers in TF_CONFIG: unset it"):
        train_wake_words(*wanted)
    monkeypatch.setenv("TF_CONFIG", "nonsense")
    with pytest.raises(ConfigError, match="expected TF_CONFIG like"):
        train_wake_words(*wanted)
