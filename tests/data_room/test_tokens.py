import numpy as np
import pytest

from edge_asr.bundle.speech import BLANK
from edge_asr.data.alphabets import alphabet_of
from edge_asr.data.tokens import Tokens, character_tokens, phoneme_tokens, word_tokens
from edge_asr.errors import DataError


def test_words_and_characters_come_back():
    words = word_tokens(["zero", "one", "oh"])
    assert words.labels == (BLANK, "zero", "one", "oh")
    np.testing.assert_array_equal(words.encode(" one oh  zero"), np.array([2, 3, 1], np.int32))
    assert words.encode("one").dtype == np.int32
    assert words.decode([2, 0, 0, 3, 3, 1]) == "one oh oh zero"
    phonemes = phoneme_tokens(["aɪ", "l", "t"])
    assert phonemes.decode(phonemes.encode("l aɪ  t")) == "l aɪ t"
    letters = character_tokens("en-GB")
    assert letters.labels[:4] == (BLANK, " ", "'", "a")
    assert len(letters.labels) == 29
    assert letters.decode(letters.encode("it's a fact")) == "it's a fact"
    assert letters.encode("").shape == (0,)


def test_languages_without_a_list_take_the_letters_of_the_texts():
    assert character_tokens("pl", ["żaba", "lub kot"]).labels == (BLANK, " ", *sorted("żablukot"))
    assert alphabet_of("pl") is None
    assert "ß" in character_tokens("de_AT").labels
    assert "'" not in character_tokens("de").labels


@pytest.mark.parametrize(
    ("unit", "labels"),
    [
        ("words", ()),
        ("words", (BLANK,)),
        ("words", ("one", BLANK)),
        ("words", (BLANK, "one", "one")),
        ("words", (BLANK, "one two")),
        ("words", (BLANK, "")),
        ("characters", (BLANK, "ab")),
        ("phonemes", (BLANK, "a b")),
    ],
)
def test_labels_that_are_none_are_refused(unit, labels):
    with pytest.raises(DataError, match="token labels"):
        Tokens(unit, labels)


def test_what_is_not_among_the_labels_is_named():
    with pytest.raises(DataError, match="'ten'"):
        word_tokens(["one"]).encode("one ten")
    with pytest.raises(DataError, match="'é'"):
        character_tokens("en").encode("café")
    with pytest.raises(DataError, match="no list of letters"):
        character_tokens("tlh")
