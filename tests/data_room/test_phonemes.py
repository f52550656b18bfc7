from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edge_asr.data.phoneme_costs import LETTERS, gap_cost, substitution_cost
from edge_asr.data.phoneme_distance import distance, distances, is_heard, make_lexicon, nearest_part
from edge_asr.data.phonemes import Phonemes, split_ipa, text_phonemes
from edge_asr.errors import SynthesisError

VOWELS = [letter for letter in LETTERS if letter in "iyɨʉɯuɪʏᵻʊeøɘɵɤoəɚɛœɜɞʌɔɝæɐaɶɑɒ"]


def test_ipa_becomes_phonemes_with_stress():
    assert split_ipa("s_m_ˈɑːɹ_t m_ˈɪ_ɹ_ɚ") == ("s", "m", "ˈɑː", "ɹ", "t", "m", "ˈɪ", "ɹ", "ɚ")


def test_diphthongs_are_a_vowel_and_a_glide_and_affricates_two_consonants():
    assert split_ipa("ˈɪə") == ("ˈɪ", "ə")
    assert split_ipa("h_ˈeɪ dʒ_ˌoʊ_tʃ") == ("h", "ˈe", "j", "d", "ʒ", "ˌo", "w", "t", "ʃ")


def test_marks_stay_at_their_letter_and_language_changes_go():
    assert split_ipa("(en)_tʲ_ɑ̃_n̩(de)") == ("tʲ", "ɑ̃", "n̩")
    assert split_ipa("\u00e4 \u00e7") == ("a\u0308", "\u00e7")  # the one is a letter with a mark, the other a letter


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "alexa", ("ɐ", "l", "ˈɛ", "k", "s", "ə")),
        ("en", "computer", ("k", "ə", "m", "p", "j", "ˈuː", "ɾ", "ɚ")),
        ("en-gb", "computer", ("k", "ə", "m", "p", "j", "ˈuː", "t", "ə")),
        ("de", "hallo spiegel", ("h", "ˈa", "l", "oː", "ʃ", "p", "ˈiː", "ɡ", "ə", "l")),
    ],
)
def test_espeak_tells_the_phonemes(language: str, text: str, expected: Phonemes):
    assert text_phonemes([text], language) == (expected,)


def test_texts_of_several_clauses_are_whole():
    one, other, both, nothing = text_phonemes(["the dog", "the cat", "the dog. the cat!", ""], "en")
    assert both == one + other
    assert nothing == ()


@pytest.mark.parametrize("language", ["fr", "es", "ru", "zh", "no", "pt-br", "EN"])
def test_speaks_many_languages(language: str):
    assert len(text_phonemes(["radio"], language)[0]) >= 4


def test_an_unknown_language_is_refused():
    with pytest.raises(SynthesisError, match="no language 'tlh'"):
        text_phonemes(["nuqneH"], "tlh")


def test_threads_do_not_disturb_each_other():
    texts = ["radio", "computer"] * 200
    alone = {language: text_phonemes(texts, language) for language in ("en", "de", "fr")}
    with ThreadPoolExecutor(3) as threads:
        for _ in range(3):
            assert dict(zip(alone, threads.map(lambda language: text_phonemes(texts, language), alone))) == alone


def test_costs_are_a_semimetric():
    phonemes = [*LETTERS, *(f"ˈ{vowel}" for vowel in VOWELS), "ˌaː", "tʲ"]
    for one in phonemes:
        assert substitution_cost(one, one) == 0
        assert 0 < gap_cost(one) <= 1
        for other in phonemes:
            if one != other:
                assert 0 < substitution_cost(one, other) <= 1
                assert substitution_cost(one, other) == substitution_cost(other, one)


@pytest.mark.parametrize(
    ("nearer", "further"),
    [
        ("pb", "pz"),
        ("sz", "sm"),
        ("fθ", "fɡ"),
        ("mn", "mt"),
        ("tk", "tl"),
        ("ɪi", "ɪɑ"),
        ("əɚ", "əi"),
        ("ɛæ", "ɛu"),
        ("jw", "ja"),
    ],
)
def test_similar_sounds_are_near(nearer: str, further: str):
    assert substitution_cost(*nearer) < substitution_cost(*further)


def test_a_stressed_vowel_weighs_more():
    assert substitution_cost("ˈɛ", "ˈa") > substitution_cost("ɛ", "a")
    assert gap_cost("ˈɛ") > gap_cost("ɛ")
    assert 0 < substitution_cost("ˈɛ", "ɛ") < substitution_cost("ˈɛ", "u")


def plain_distance(one: Phonemes, other: Phonemes) -> float:
    """Wagner and Fischer's algorithm as in the book."""
    rows = [[0.0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            ways = [0.0] if not i and not j else []
            if i:
                ways.append(rows[i - 1][j] + gap_cost(one[i - 1]))
            if j:
                ways.append(rows[i][j - 1] + gap_cost(other[j - 1]))
            if i and j:
                ways.append(rows[i - 1][j - 1] + substitution_cost(one[i - 1], other[j - 1]))
            rows[i][j] = min(ways)
    return rows[-1][-1]


def random_words(count: int, rng: np.random.Generator) -> list[Phonemes]:
    return [tuple(rng.choice(list("pbtdkszmnlɹjaeiouə"), rng.integers(0, 8))) for _ in range(count)]


def test_distances_of_many_words_are_those_of_each():
    rng = np.random.default_rng(1)
    words, target = random_words(60, rng), tuple("stalin")
    found = distances(target, make_lexicon(words))
    for row, word in zip(found, words):
        for end, value in enumerate(row):
            # Sums of fewer than 20 costs in float32.
            assert value == pytest.approx(plain_distance(target[:end], word), abs=1e-5)


def test_the_nearest_part_is_the_best_of_all_parts():
    rng = np.random.default_rng(2)
    words, target = random_words(40, rng), tuple("tal")
    found = nearest_part(target, make_lexicon(words))
    for value, word in zip(found, words):
        parts = {word[start:end] for start in range(len(word) + 1) for end in range(start, len(word) + 1)}
        assert value == pytest.approx(min(plain_distance(target, part) for part in parts), abs=1e-5)


def test_what_holds_the_phrase_is_heard_as_it():
    texts = ["alexa", "alexas", "ask alexa now", "alexer", "alexis", "alexey", "lexus", "a lesson"]
    phrase, *said = text_phonemes(["alexa", *texts], "en")
    assert dict(zip(texts, is_heard(phrase, said))) == dict(zip(texts, [True] * 4 + [False] * 4))


def test_no_words_at_all():
    assert distances(("a",), make_lexicon([])).shape == (0, 2)
    assert nearest_part(("a",), make_lexicon([])).shape == (0,)
    assert distance(("a", "b"), ()) == pytest.approx(gap_cost("a") + gap_cost("b"))
