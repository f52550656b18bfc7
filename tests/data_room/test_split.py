from collections import Counter

import pytest

from edge_asr.data.split import assign_splits, stable_hash


def test_the_hash_is_that_of_the_published_algorithm():
    # The first 8 bytes of SHA-256("abc"), FIPS 180-2, appendix B.1.
    assert stable_hash("abc") == 0xBA7816BF8F01CFEA


def test_shares_are_as_asked():
    splits = Counter(assign_splits({f"speaker {i}": 5 for i in range(200)}, 10, 20).values())
    assert splits == {"test": 40, "validation": 20, "train": 140}


def test_the_order_of_the_names_does_not_matter():
    sizes = {f"speaker {i}": i for i in range(1, 40)}
    assert assign_splits(sizes, 10, 10) == assign_splits(dict(reversed(sizes.items())), 10, 10)


@pytest.mark.parametrize("groups", [3, 4, 7])
def test_few_groups_still_fill_every_split(groups: int):
    assert set(assign_splits({str(i): 100 for i in range(groups)}, 10, 10).values()) == {"train", "validation", "test"}


def test_two_groups_are_for_training():
    assert assign_splits({"a": 1, "b": 1}, 10, 10) == {"a": "train", "b": "train"}


def test_a_share_of_nothing_is_nothing():
    assert set(assign_splits({str(i): 1 for i in range(20)}, 0, 0).values()) == {"train"}
