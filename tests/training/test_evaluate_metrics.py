from __future__ import annotations

import numpy as np
import pytest

from edge_asr.training.metrics import Proportion, accuracy, class_scores, confusion_matrix

# 3 classes; the third was never said, but answered once.
WANTED = [0, 0, 0, 0, 1, 1]
GOT = [0, 0, 1, 2, 1, 0]


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3 (score without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_is_the_published_one(hits: int, total: int, low: float, high: float) -> None:
    # 5e-5: the table has four digits.
    assert Proportion(hits, total).interval == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("total", [1, 3, 20, 4890])
def test_interval_holds_the_value_and_mirrors(total: int) -> None:
    for hits in {0, 1, total // 2, total - 1, total}:
        one, other = Proportion(hits, total), Proportion(total - hits, total)
        assert one.interval is not None
        assert other.interval is not None
        assert 0.0 <= one.interval[0] <= one.value <= one.interval[1] <= 1.0  # type: ignore[operator]
        assert one.interval == pytest.approx((1 - other.interval[1], 1 - other.interval[0]), abs=1e-12)  # rounding
    assert Proportion(0, total).interval[0] == 0.0  # type: ignore[index]
    assert Proportion(total, total).interval[1] == 1.0  # type: ignore[index]


def test_nothing_to_count_is_said_so() -> None:
    nothing = Proportion(0, 0)
    assert (nothing.value, nothing.interval, str(nothing)) == (None, None, "n/a")
    assert str(Proportion(81, 263)) == "30.8 % (25.5 to 36.6)"


def test_confusion_has_rows_wanted_and_columns_got() -> None:
    counts = confusion_matrix(WANTED, GOT, 3)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(counts, [[2, 1, 1], [1, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(confusion_matrix([], [], 2), [[0, 0], [0, 0]])


@pytest.mark.parametrize(("wanted", "got"), [([0, 3], [0, 0]), ([0], [-1]), ([0, 1], [0])])
def test_confusion_refuses_what_it_cannot_count(wanted: list[int], got: list[int]) -> None:
    with pytest.raises(ValueError, match="classes 0 to 2"):
        confusion_matrix(wanted, got, 3)


def test_scores_by_hand() -> None:
    counts = confusion_matrix(WANTED, GOT, 3)
    assert accuracy(counts) == Proportion(3, 6)
    zero, one, two = class_scores(counts, ("a", "b", "c"))
    assert (zero.label, zero.recall, zero.precision) == ("a", Proportion(2, 4), Proportion(2, 3))
    assert (one.recall, one.precision) == (Proportion(1, 2), Proportion(1, 2))
    assert (two.recall, two.precision) == (Proportion(0, 0), Proportion(0, 1))


def test_scores_against_counting_one_by_one() -> None:
    rng = np.random.default_rng(7)
    wanted, got = rng.integers(0, 5, 400), rng.integers(0, 5, 400)
    counts = confusion_matrix(wanted, got, 5)
    assert accuracy(counts) == Proportion(sum(int(w == g) for w, g in zip(wanted, got)), 400)
    for k, score in enumerate(class_scores(counts, "abcde")):
        both = sum(1 for w, g in zip(wanted, got) if w == g == k)
        assert score.recall == Proportion(both, sum(1 for w in wanted if w == k))
        assert score.precision == Proportion(both, sum(1 for g in got if g == k))
