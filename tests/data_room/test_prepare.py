import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr import frontend
from edge_asr.data import cache, tables
from edge_asr.data.clips import DataSet
from edge_asr.data.parts import PartMaker
from edge_asr.data.prepare import prepare
from edge_asr.data.readers import read_dataset
from edge_asr.data.spec import AugmentSpec, DataSpec
from edge_asr.data.tables import Prepared
from edge_asr.data.task import examples
from edge_asr.data.waveforms import Waveforms
from edge_asr.errors import DataError
from edge_asr.frontend.presets import PRESETS
from tests.data_room.sounds import speech_commands, word, write

SPEC = DataSpec(
    reader="speech_commands",
    labels=("yes", "no", "_unknown_", "_silence_"),
    validation_percent=20.0,
    test_percent=20.0,
    spliced_unknowns=0.1,
)
AUGMENT = AugmentSpec(copies=2)
FRONTEND = PRESETS["logmel40"]
SEED = 3
SPEAKERS = 12


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return speech_commands(tmp_path_factory.mktemp("recordings"), speakers=SPEAKERS)


@pytest.fixture(scope="module")
def dataset(recordings: Path) -> DataSet:
    return read_dataset(SPEC, recordings)


def run(dataset: DataSet, cache_dir: Path, **changed: object) -> Prepared:
    options = {"frontend": FRONTEND, "data": SPEC, "augment": AUGMENT, "seed": SEED, **changed}
    return prepare(dataset, cache_dir=cache_dir, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def filled_cache(dataset: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache_dir = tmp_path_factory.mktemp("cache")
    run(dataset, cache_dir)
    return cache_dir


@pytest.fixture(scope="module")
def expected(dataset: DataSet, filled_cache: Path) -> Prepared:
    return run(dataset, filled_cache)


def assert_equal(first: Prepared, second: Prepared) -> None:
    for split in ("train", "validation", "test"):
        one, other = getattr(first, split), getattr(second, split)
        assert one.ids == other.ids
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.features.view(np.int16), other.features.view(np.int16))
    assert first.summary == second.summary


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many examples each part that is computed has."""
    sizes: list[int] = []
    make = PartMaker.make

    def counting(self: PartMaker, items: tuple, variants: int):
        sizes.append(len(items))
        return make(self, items, variants)

    monkeypatch.setattr(PartMaker, "make", counting)
    return sizes


@pytest.fixture
def small_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "WAVEFORMS_A_JOB", 9)


def test_every_row_is_the_feature_of_its_waveform(dataset: DataSet, expected: Prepared):
    by_id = {item.id: item for items in examples(dataset, SPEC, SEED).values() for item in items}
    waveforms = Waveforms(dataset.noises, 16000, SPEC, AUGMENT, SEED)
    for table, variants in ((expected.train, 3), (expected.validation, 1), (expected.test, 1)):
        assert table.features.shape == (len(table.ids), variants, 49, 40)
        assert table.features.dtype == np.float16
        assert table.labels.dtype == np.int32
        assert table.label_names == SPEC.labels
        assert set(table.labels) == {0, 1, 2, 3}
        for row in range(0, len(table.ids), 7):
            item = by_id[table.ids[row]]
            assert table.labels[row] == item.label
            for variant in range(variants):
                features = frontend.compute(waveforms.waveform(item, variant), FRONTEND)
                np.testing.assert_array_equal(table.features[row, variant], features.astype(np.float16))


def test_splits_share_no_clip(expected: Prepared):
    ids = [i for table in (expected.train, expected.validation, expected.test) for i in table.ids]
    assert len(set(ids)) == len(ids)


def test_two_workers_make_the_same_as_one(dataset: DataSet, expected: Prepared, tmp_path: Path, small_jobs: None):
    assert_equal(run(dataset, tmp_path, workers=2), expected)


def test_the_second_time_nothing_is_computed(dataset: DataSet, expected: Prepared, tmp_path: Path, made: list[int]):
    run(dataset, tmp_path)
    assert sum(made) == sum(len(table.ids) for table in (expected.train, expected.validation, expected.test))
    made.clear()
    assert_equal(run(dataset, tmp_path), expected)
    # Masks act on features while training.
    assert_equal(run(dataset, tmp_path, augment=replace(AUGMENT, time_masks=5)), expected)
    assert made == []
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": SEED + 1},
        {"frontend": replace(FRONTEND, log_floor=1e-5)},
        {"augment": replace(AUGMENT, snr_db=(5.0, 10.0))},
        {"augment": replace(AUGMENT, copies=3)},
        {"data": replace(SPEC, silence_percent=20.0)},
        {"data": replace(SPEC, labels=("no", "yes", "_unknown_", "_silence_"))},
    ],
)
def test_other_specs_are_computed_anew(dataset: DataSet, filled_cache: Path, made: list[int], changed: dict):
    run(dataset, filled_cache)
    assert not made
    run(dataset, filled_cache, **changed)
    assert made


@pytest.mark.parametrize("change", ["content", "time", "noise", "version"])
def test_other_files_or_code_are_computed_anew(tmp_path: Path, made: list[int], monkeypatch: pytest.MonkeyPatch, change: str):
    root = speech_commands(tmp_path / "data", speakers=SPEAKERS)
    clip = read_dataset(SPEC, root).clips[0].path
    run(read_dataset(SPEC, root), tmp_path / "cache")
    made.clear()
    if change == "content":
        stat = clip.stat()
        write(clip, word("another", seconds=0.3))
        os.utime(clip, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    elif change == "time":
        os.utime(clip, ns=(0, 0))
    elif change == "noise":
        os.utime(root / "_background_noise_" / "hum.wav", ns=(0, 0))
    else:
        monkeypatch.setattr(cache, "VERSION", cache.VERSION + 1)
    run(read_dataset(SPEC, root), tmp_path / "cache")
    assert made


def test_another_seed_is_computed_anew_even_for_the_same_examples(dataset: DataSet, tmp_path: Path):
    spec = replace(SPEC, spliced_unknowns=0.0)
    first, second = (run(dataset, tmp_path, data=spec, seed=seed) for seed in (1, 2))
    assert first.train.ids == second.train.ids
    assert not np.array_equal(first.train.features, second.train.features)
    np.testing.assert_array_equal(first.test.features, second.test.features)


def test_a_torn_cache_is_rebuilt(dataset: DataSet, expected: Prepared, tmp_path: Path, made: list[int]):
    run(dataset, tmp_path)
    (table,) = tmp_path.glob("*/train.npy")
    os.truncate(table, table.stat().st_size // 2)
    made.clear()
    assert_equal(run(dataset, tmp_path), expected)
    assert made


class Stop:
    """Progress that interrupts after some reports."""

    def __init__(self, reports: int) -> None:
        self.left = reports

    def __call__(self, what: str, done: int, total: int) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_work_goes_on(
    dataset: DataSet, expected: Prepared, tmp_path: Path, made: list[int], small_jobs: None, workers: int
):
    with pytest.raises(KeyboardInterrupt):
        run(dataset, tmp_path, workers=workers, progress=Stop(4))
    parts = len(list(tmp_path.glob("*.parts/*.npz")))
    made.clear()
    assert_equal(run(dataset, tmp_path), expected)
    jobs = -(-len(expected.train.ids) // 3) + -(-len(expected.validation.ids) // 9) + -(-len(expected.test.ids) // 9)
    assert len(made) == jobs - parts
    # Three were reported; other processes may finish any number more before the interruption reaches them (see test_pool).
    assert parts == 3 if workers == 1 else parts >= 3
    assert [path.suffix for path in tmp_path.iterdir()] == [""]


def test_a_damaged_part_is_made_again(dataset: DataSet, expected: Prepared, tmp_path: Path, small_jobs: None):
    with pytest.raises(KeyboardInterrupt):
        run(dataset, tmp_path, progress=Stop(4))
    part = sorted(tmp_path.glob("*.parts/*.npz"))[1]
    os.truncate(part, part.stat().st_size - 30)
    assert_equal(run(dataset, tmp_path), expected)


def test_two_at_once_do_not_disturb_each_other(dataset: DataSet, expected: Prepared, tmp_path: Path, small_jobs: None):
    results: list[Prepared] = []
    threads = [threading.Thread(target=lambda: results.append(run(dataset, tmp_path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    for result in results:
        assert_equal(result, expected)


def test_progress_counts_up_to_the_end(dataset: DataSet, tmp_path: Path, small_jobs: None):
    seen: list[tuple[str, int, int]] = []
    result = run(dataset, tmp_path, progress=lambda *step: seen.append(step))
    total = sum(len(table.ids) for table in (result.train, result.validation, result.test))
    assert {(what, of) for what, _, of in seen} == {("features", total)}
    assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen})
    assert (seen[0][1], seen[-1][1]) == (0, total)


def test_broken_files_are_counted_named_and_left_out(recordings: Path, expected: Prepared, tmp_path: Path):
    root = speech_commands(tmp_path / "data", speakers=SPEAKERS)
    victims = [path for path in sorted((root / "yes").iterdir()) if f"yes/{path.name}" in expected.train.ids][:4]
    victims[0].write_bytes(b"")
    victims[1].write_bytes(b"this is no sound")
    write(victims[2], np.full(8000, np.nan, np.float32), subtype="FLOAT")
    write(victims[3], np.zeros(8000, np.float32))
    (root / "_background_noise_" / "hum.wav").write_bytes(b"RIFF")
    result = run(read_dataset(SPEC, root), tmp_path / "cache")
    assert sorted(item.path.name for item in result.left_out) == sorted([path.name for path in victims] + ["hum.wav"])
    assert "5 files left out" in result.summary
    assert "hum.wav" in result.summary
    names = {f"yes/{path.name}" for path in victims}
    assert not names & set(result.train.ids)
    kept = [i for i in expected.train.ids if i not in names and not i.startswith("spliced")]
    assert [i for i in result.train.ids if not i.startswith("spliced")] == kept
    assert result.train.features.shape[0] == len(result.train.ids) == len(result.train.labels)
    assert_equal(run(read_dataset(SPEC, root), tmp_path / "cache"), result)


def test_a_label_without_a_usable_clip_is_named(tmp_path: Path):
    root = speech_commands(tmp_path / "data", speakers=SPEAKERS)
    for path in (root / "no").iterdir():
        path.write_bytes(b"broken")
    with pytest.raises(DataError, match="of: no") as caught:
        run(read_dataset(SPEC, root), tmp_path / "cache")
    assert f"{SPEAKERS} files left out" in str(caught.value)


def test_a_cache_that_can_not_be_written_is_a_data_error(dataset: DataSet, tmp_path: Path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match="cache"):
        run(dataset, tmp_path / "cache")
