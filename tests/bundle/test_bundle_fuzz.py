"""Whatever stands in a manifest: the bundle loads and runs, or there is a `BundleError`."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_asr.bundle.store import Bundle
from edge_asr.errors import BundleError
from edge_asr.runtime.engine import load_engine

FUZZ = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
SOUND = np.zeros(4000, np.int16)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-2, 3),
    st.sampled_from([10**400, -(10**30), 2**31, 2**63]),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["", "..", "/dev/zero", "manifest.json", "a/b", "_silence_", "window", "int8"]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


@pytest.fixture
def pristine(tiny_bundle: Bundle) -> tuple[Path, dict[str, Any]]:
    return tiny_bundle.path, json.loads((tiny_bundle.path / "manifest.json").read_text())


def places(table: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    items = table.items() if isinstance(table, dict) else enumerate(table) if isinstance(table, list) else ()
    return [place for key, value in items for place in [(table, key), *places(value)]]


def load_and_listen(folder: Path) -> None:
    try:
        load_engine(folder).stream().accept(SOUND)
    except BundleError:
        return


@FUZZ
@given(data=st.data())
def test_changed_manifests(pristine: tuple[Path, dict[str, Any]], data: st.DataObject):
    folder, table = pristine
    table = copy.deepcopy(table)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(table)))
        if data.draw(st.booleans()) and isinstance(container, dict):
            container.pop(key)
        else:
            container[key] = data.draw(VALUES)
        if not places(table):
            break
    (folder / "manifest.json").write_text(json.dumps(table))
    load_and_listen(folder)


@FUZZ
@given(edits=st.lists(st.tuples(st.floats(0, 0.999), st.binary(max_size=3)), min_size=1, max_size=5))
def test_damaged_manifest_bytes(pristine: tuple[Path, dict[str, Any]], edits: list[tuple[float, bytes]]):
    folder, table = pristine
    content = json.dumps(table).encode()
    for where, replacement in edits:
        at = int(where * len(content))
        content = content[:at] + replacement + content[at + 1 :]
    (folder / "manifest.json").write_bytes(content)
    load_and_listen(folder)


def test_the_fuzz_can_load(pristine: tuple[Path, dict[str, Any]]):
    folder, _ = pristine
    assert load_engine(folder).stream().accept(SOUND) == []
    shutil.rmtree(folder)
    with pytest.raises(BundleError):
        load_engine(folder)
