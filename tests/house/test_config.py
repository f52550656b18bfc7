"""Strict TOML: each mistake is a ConfigError that names file, key and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from edge_asr.config import apply_overrides, build, read_toml, setting, to_table
from edge_asr.errors import ConfigError


@dataclass(frozen=True)
class Inner:
    count: int = setting(3, min=1, max=9)
    share: float = 0.5


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner = Inner()
    mode: Literal["fast", "slow"] = "fast"
    pair: tuple[float, float] = (0.0, 1.0)
    many: tuple[int, ...] = setting((1,), min=1)
    limits: dict[str, float] = setting({}, max=1.0)
    maybe: int | None = None

    def __post_init__(self) -> None:
        if self.pair[0] > self.pair[1]:
            raise ConfigError("pair must rise")


def test_round_trip():
    table = {"name": "x", "inner": {"count": 4}, "mode": "slow", "pair": [1, 2], "many": [3, 4], "limits": {"a": 1}, "maybe": 2}
    made = build(Outer, table, source="f.toml")
    assert made == Outer("x", Inner(4), "slow", (1.0, 2.0), (3, 4), {"a": 1.0}, 2)
    assert build(Outer, to_table(made), source="f.toml") == made
    assert build(Outer, {"name": "x"}, source="f.toml") == Outer("x")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({}, "'name' is missing .expected a text"),
        ({"name": 3}, "'name' must be a text, found 3"),
        ({"name": "x", "nmae": "y"}, "unknown key 'nmae'; did you mean 'name'"),
        ({"name": "x", "inner": {"cuont": 1}}, "unknown key 'inner.cuont'.*'count'.*allowed: count, share"),
        ({"name": "x", "inner": {"count": 0}}, "'inner.count' must be at least 1 and at most 9, found 0"),
        ({"name": "x", "inner": {"count": 1.5}}, "'inner.count' must be a whole number"),
        ({"name": "x", "inner": {"count": True}}, "'inner.count' must be a whole number, found True"),
        ({"name": "x", "inner": 3}, "'inner' must be a table"),
        ({"name": "x", "inner": {"share": "much"}}, "'inner.share' must be a finite number"),
        ({"name": "x", "inner": {"share": float("nan")}}, "'inner.share' must be a finite number"),
        ({"name": "x", "inner": {"share": float("inf")}}, "'inner.share' must be a finite number"),
        ({"name": "x", "inner": {"share": 10**400}}, "'inner.share' must be a finite number"),
        ({"name": "x", "mode": "medium"}, "'mode' must be one of 'fast', 'slow'"),
        ({"name": "x", "pair": [1.0]}, "'pair' must be a list of 2 a finite number"),
        ({"name": "x", "pair": [2.0, 1.0]}, "f.toml: pair must rise"),
        ({"name": "x", "many": [1, 0]}, "'many' must be at least 1, found 0"),
        ({"name": "x", "many": [1, "a"]}, r"'many\[1\]' must be a whole number"),
        ({"name": "x", "limits": {"a": 2.0}}, "'limits' must be at most 1.0"),
    ],
)
def test_mistakes(table, says):
    with pytest.raises(ConfigError, match=says) as caught:
        build(Outer, table, source="f.toml")
    assert str(caught.value).startswith("f.toml: ")


def test_overrides():
    table = {"name": "x", "inner": {"count": 1}}
    changed = apply_overrides(table, ["inner.count=5", "name=bare text", "pair=[0.5, 1]", "inner.share=0.25"])
    assert build(Outer, changed, source="f") == Outer("bare text", Inner(5, 0.25), "fast", (0.5, 1.0))
    assert table == {"name": "x", "inner": {"count": 1}}


@pytest.mark.parametrize("bad", ["inner.count", "=5", "inner..count=5", "name.x=1"])
def test_bad_overrides(bad):
    with pytest.raises(ConfigError, match="--set"):
        apply_overrides({"name": "x"}, [bad])


def test_overrides_go_through_the_same_check():
    with pytest.raises(ConfigError, match="inner.count"):
        build(Outer, apply_overrides({"name": "x"}, ["inner.count=50"]), source="f")


@pytest.mark.parametrize("content", [b"a = ", b"\xff\xfe", b"a = 1\na = 2", b"x = " + b"[" * 5000])
def test_unreadable_toml(tmp_path: Path, content):
    file = tmp_path / "f.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"f.toml: expected a readable TOML file"):
        read_toml(file)


def test_missing_toml(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"none.toml: expected a readable TOML file"):
        read_toml(tmp_path / "none.toml")
