"""Modified Kneser-Ney: by hand, against lmplz, and as probabilities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_asr.errors import DataError
from edge_asr.runtime.ctc.arpa import read_arpa
from edge_asr.training.arpa_file import arpa_text
from edge_asr.training.kneser_ney import FALLBACK, NgramModel, estimate

LM = Path(__file__).parents[1] / "data" / "lm"
"""`sentences.txt`, and what `lmplz -o 3 --discount_fallback 0.5 1 1.5` made of it (kenlm-ex 0.2.1)."""


def table(arpa: bytes) -> dict[str, tuple[float, float]]:
    """n-gram to log10 of its probability and its back-off weight."""
    rows = (line.split("\t") for line in arpa.decode().splitlines())
    return {row[1]: (float(row[0]), float(row[2]) if len(row) > 2 else 0.0) for row in rows if len(row) > 1}


def random_sentences(seed: int, count: int, words: int) -> list[list[str]]:
    """Words that depend on the word before, with the long tail of real text."""
    rng = np.random.default_rng(seed)
    sentences = []
    for _ in range(count):
        word, sentence = int(rng.integers(words)), []
        for _ in range(rng.integers(1, 9)):
            sentence.append(f"w{word}")
            word = min(words - 1, int(rng.exponential(6))) if rng.random() < 0.5 else (7 * word + int(rng.integers(3))) % words
        sentences.append(sentence)
    return sentences


def probability(model: NgramModel, words: str) -> float:
    return 10 ** table(arpa_text(model))[words][0]


def test_two_sentences_by_hand():
    """ "a b" and "a c". Too little for discounts of its own: 0.5 off counts of 1, 1 off counts of 2."""
    model = estimate([["a", "b"], ["a", "c"]], 2)
    assert model.fallbacks == (1, 2)
    assert model.discounts == (FALLBACK, FALLBACK)
    # Single words count the different words before them: a 1 (<s>), b 1, c 1, </s> 2 (b, c). What the discounts leave,
    # 3 * 0.5 + 1 = 2.5 of 5, goes to all words alike: a, b, c, </s> and <unk>.
    assert probability(model, "a") == pytest.approx(0.5 / 5 + 0.5 / 5, rel=1e-6)
    assert probability(model, "</s>") == pytest.approx(1 / 5 + 0.5 / 5, rel=1e-6)
    assert probability(model, "<unk>") == pytest.approx(0.5 / 5, rel=1e-6)
    # a comes twice after <s>, b and c once each after a.
    assert probability(model, "<s> a") == pytest.approx(1 / 2 + 1 / 2 * 0.2, rel=1e-6)
    assert probability(model, "a b") == pytest.approx(0.5 / 2 + 1 / 2 * 0.2, rel=1e-6)
    assert table(arpa_text(model))["a"][1] == pytest.approx(np.log10(1 / 2), abs=1e-6)
    assert table(arpa_text(model))["</s>"][1] == 0.0


def test_the_same_as_lmplz():
    sentences = [line.split() for line in (LM / "sentences.txt").read_text().splitlines()]
    theirs, ours = table((LM / "lmplz.arpa").read_bytes()), table(arpa_text(estimate(sentences, 3)))
    assert ours.keys() == theirs.keys()
    assert len(ours) == 237
    for words, numbers in theirs.items():
        if words != "<s>":  # which is never predicted: lmplz writes 0 for it, others -99
            assert ours[words] == pytest.approx(numbers, abs=2e-6), words  # both write seven digits, lmplz adds in float32
    assert ours["<s>"] == (-99.0, pytest.approx(theirs["<s>"][1], abs=2e-6))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [1, 30, 2000])
def test_probabilities_after_every_context_sum_to_one(order: int, count: int):
    model = estimate(random_sentences(count, count, 40), order)
    lm = read_arpa(arpa_text(model))
    words = [word for word in model.words if word != "<s>"]
    rng = np.random.default_rng(1)
    for length in range(6):
        for _ in range(3):
            state = lm.start
            for word in rng.choice(words, length):
                state = lm.score(state, word)[1]
            assert sum(10 ** lm.score(state, word)[0] for word in words) == pytest.approx(1, abs=2e-5)  # seven digits, 40 words


def test_discounts_are_chen_and_goodmans_where_the_text_tells_them():
    model = estimate(random_sentences(3, 4000, 60), 3)
    counts: dict[tuple[str, ...], int] = {}
    for sentence in random_sentences(3, 4000, 60):
        line = ["<s>", *sentence, "</s>"]
        for i in range(len(line) - 2):
            counts[tuple(line[i : i + 3])] = counts.get(tuple(line[i : i + 3]), 0) + 1
    n1, n2, n3, n4 = (sum(count == wanted for count in counts.values()) for wanted in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    assert model.discounts[2] == pytest.approx((1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3))
    assert 3 not in model.fallbacks


def test_a_longer_model_predicts_better_and_orders_of_sentences_do_not_matter():
    train, test = random_sentences(4, 3000, 40), random_sentences(5, 200, 40)
    models = [read_arpa(arpa_text(estimate(train, order))) for order in (1, 2)]
    scores = [sum(lm.sentence(sentence) for sentence in test) for lm in models]
    assert scores[1] > 0.9 * scores[0]
    assert arpa_text(estimate(train, 2)) == arpa_text(estimate(train[::-1], 2))


@pytest.mark.parametrize(
    ("sentences", "order", "says"),
    [
        ([], 3, "found no word"),
        ([[]], 3, "found no word"),
        ([["a", "<s>"]], 3, "reserved mark <s>"),
        ([["a"]], 0, "order of 1 to 10, found 0"),
        ([["a"]], 11, "found 11"),
    ],
)
def test_mistakes(sentences: list[list[str]], order: int, says: str):
    with pytest.raises(DataError, match=says):
        estimate(sentences, order)
