from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from edge_asr.data.near_misses import near_misses, other_sentences, phrase_parts
from edge_asr.data.phoneme_distance import distance, is_heard
from edge_asr.data.phonemes import text_phonemes
from edge_asr.data.word_list import frequent_words
from edge_asr.errors import DataError

PHRASES = [("alexa", "en"), ("smart mirror", "en"), ("hallo spiegel", "de")]
EXPECTED = {
    "alexa": {"alexis", "lexus", "election", "elixir", "relax", "alyssa"},
    "smart mirror": {"smart meter", "start mirror", "smarter", "smart error"},
    "hallo spiegel": {"hello spiegel", "hallo siegel", "halle spiegel", "heller spiegel"},
}
"""What a person would name."""


@pytest.mark.parametrize(("phrase", "language"), PHRASES)
def test_near_misses_are_those_that_a_person_would_name(phrase: str, language: str):
    assert set(near_misses(phrase, language, 150)) >= EXPECTED[phrase]


@pytest.mark.parametrize(("phrase", "language"), PHRASES)
def test_near_misses_come_nearest_first_and_are_not_the_phrase(phrase: str, language: str):
    texts = near_misses(phrase, language, 60)
    assert len(texts) == len(set(texts)) == 60
    # Said word by word: in a sentence eSpeak reduces small words, which the ranking can't know beforehand.
    said = [sum(text_phonemes(text.split(), language), ()) for text in texts]
    target = sum(text_phonemes(phrase.split(), language), ())
    apart = [distance(target, sound) for sound in said]
    assert min(apart) > 0
    assert not is_heard(target, said).any()
    # A text is ranked by its parts' best fit, never better than what the whole is apart: near the order, not strictly in it.
    assert np.mean(apart[:20]) < np.mean(apart[20:40]) < np.mean(apart[40:])


def test_near_misses_are_the_same_each_time_and_more_hold_fewer():
    assert near_misses("alexa", "en", 30) == near_misses("alexa", "en", 30)


def test_of_words_that_sound_the_same_the_most_frequent_is_taken():
    texts = near_misses("night", "en", 100)
    sounds = [sum(text_phonemes(text.split(), "en"), ()) for text in texts]
    assert len(set(sounds)) == len(sounds)
    assert "site" in texts
    assert not {"cite", "sight", "mite"} & {word for text in texts for word in text.split()}


def test_no_word_fills_the_list():
    texts = near_misses("computer", "en", 100)
    words = [word for text in texts for word in text.split()]
    # A tenth of each of the two kinds (single words, words together), and one where that is rounded up.
    assert max(words.count(word) for word in set(words)) <= 12


def test_parts_of_a_word():
    assert set(phrase_parts("alexa", "en")) == {"al", "alex", "lexa", "exa"}
    parts = phrase_parts("computer", "en")
    assert {"com", "comp", "puter"} <= set(parts)
    assert not {"c", "omputer", "computer", "mputer"} & set(parts)


def test_parts_of_a_phrase():
    parts = phrase_parts("Hey smart mirror", "en")
    assert {"hey", "smart", "mirror", "hey smart", "smart mirror", "hey mirror", "mirror smart hey", "hey smart mir"} <= set(
        parts
    )
    assert len(parts) == len(set(parts))
    exchanged = [part for part in parts if part.startswith("hey ") and part.endswith(" mirror") and len(part.split()) == 3]
    assert len(exchanged) >= 10


@pytest.mark.parametrize("phrase", ["alexa", "hey jarvis", "smart mirror"])
def test_no_part_is_heard_as_the_phrase(phrase: str):
    whole, *parts = text_phonemes([phrase, *phrase_parts(phrase, "en")], "en")
    assert len(parts) >= 4
    assert not is_heard(whole, parts).any()


def test_the_phrase_itself_is_no_part_of_it():
    assert "no no" not in phrase_parts("no no", "en")  # which is what it is in reverse


def test_a_long_phrase_has_runs_of_words_only():
    parts = phrase_parts("one two three four five six seven", "en")
    assert "two three four" in parts
    assert "one three" not in parts


def test_sentences_have_common_and_rare_words():
    sentences = other_sentences("en", 300, np.random.default_rng(1))
    assert len(sentences) == 300
    assert {len(sentence.split()) for sentence in sentences} == set(range(2, 9))
    words = [word for sentence in sentences for word in sentence.split()]
    ranks = {word.text: rank for rank, word in enumerate(frequent_words("en", 20_000))}
    rare = sum(ranks[word] >= 5000 for word in words) / len(words)
    # By frequency alone 7 % of the words are below rank 5,000, by chance 75 %.
    assert 0.1 < rare < 0.5
    assert words.count("the") >= 10


def test_sentences_come_from_the_generator():
    first, again, other = (other_sentences("de", 5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_sentences_avoid_the_phrases():
    plain = other_sentences("en", 400, np.random.default_rng(3))
    avoid = [word for word in ("of", "the") if any(word in sentence.split() for sentence in plain)]
    assert len(avoid) == 2
    sentences = other_sentences("en", 100, np.random.default_rng(3), avoid=avoid)
    assert len(sentences) == 100
    assert not any(set(avoid) & set(sentence.split()) for sentence in sentences)


def test_words_are_words():
    texts = [word.text for word in frequent_words("en", 10_000)]
    assert texts[:3] == ["the", "to", "and"]
    assert "computer" in texts
    assert "i" in texts
    assert not {"s", "th", "2", "mr", "hmm"} & set(texts[100:])


def test_an_unknown_language_is_refused():
    with pytest.raises(DataError, match="no list of the words of 'tlh'"):
        frequent_words("tlh", 5)


def test_says_how_to_get_the_word_list(monkeypatch: pytest.MonkeyPatch):
    plain = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "wordfreq":
            raise ImportError("no such module")
        return plain(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    frequent_words.cache_clear()
    with pytest.raises(DataError, match=r"edge-asr\[synth\]"):
        frequent_words("en", 5)


def test_what_is_nearer_than_wanted_is_left_out() -> None:
    """Other accents' "smart mirror" is no near-miss."""
    near, far = near_misses("smart mirror", "en", 30), near_misses("smart mirror", "en", 30, least=0.12)
    assert "smart mere" in near
    assert len(far) == 30
    target, *sounds = text_phonemes(["smart mirror", *far], "en")
    # Words in a row are said a little differently than each by itself.
    assert min(distance(target, sound) for sound in sounds) >= 0.12 * len(target) - 0.1
    assert "smart mir" in phrase_parts("smart mirror", "en")
    parts = phrase_parts("smart mirror", "en", least=0.12)
    assert "smart mir" not in parts
    assert {"smart", "mirror", "smart or"} <= set(parts)
