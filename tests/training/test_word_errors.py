"""Word errors against a table of edits worked out here, and what is counted as which."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.training.word_errors import Errors, align_words, count_errors


def edits(said: list[str], written: list[str]) -> int:
    """Levenshtein's distance."""
    row = list(range(len(written) + 1))
    for i, one in enumerate(said, start=1):
        above, row[0] = row[0], i
        for j, other in enumerate(written, start=1):
            above, row[j] = row[j], min(above + (one != other), row[j] + 1, row[j - 1] + 1)
    return row[-1]


@pytest.mark.parametrize("seed", range(40))
def test_the_alignment_is_one_of_fewest_edits(seed):
    rng = np.random.default_rng(seed)
    said, written = (list(rng.choice(["a", "b", "c"], rng.integers(0, 8))) for _ in range(2))
    errors = count_errors([" ".join(said)], [" ".join(written)])
    pairs = align_words(" ".join(said), " ".join(written))
    assert errors.count == edits(said, written) == sum(one != other for one, other in pairs)
    assert [one for one, _ in pairs if one is not None] == said
    assert [other for _, other in pairs if other is not None] == written
    assert errors.said == len(said)


def test_kinds_of_errors_and_rates():
    assert count_errors(["a b c d"], ["a x c"]) == Errors(4, substitutions=1, insertions=0, deletions=1)
    assert count_errors(["", "a"], ["x", "a"]) == Errors(1, substitutions=0, insertions=1, deletions=0)
    assert count_errors(["ab c"], ["b c"], "characters") == Errors(4, substitutions=0, insertions=0, deletions=1)
    assert count_errors([], []) == Errors(0, 0, 0, 0)
    assert Errors(4, 1, 2, 3).rate == 1.5
    assert (Errors(0, 0, 0, 0).rate, Errors(0, 0, 3, 0).rate) == (0.0, 1.0)
    assert Errors(4, 1, 2, 3) + Errors(1, 1, 0, 0) == Errors(5, 2, 2, 3)
    assert str(Errors(8, 1, 0, 1)) == "25.0% (2 of 8: 1 substituted, 0 inserted, 1 deleted)"


def test_all_transcripts_count_together_not_each_by_itself():
    assert count_errors(["a", "b c d"], ["x", "b c d"]).rate == 0.25
