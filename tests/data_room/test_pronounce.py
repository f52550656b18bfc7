from __future__ import annotations

import pytest

from edge_asr.data.phonemes import text_phonemes
from edge_asr.data.pronounce import phonemes_of, pronounced, pronunciations
from edge_asr.data.speech_rows import SpeechRow
from edge_asr.data.speech_spec import SpeechSpec
from edge_asr.data.speech_tokens import tokens_for, writable
from edge_asr.errors import ConfigError, SynthesisError
from edge_asr.runtime.grammar import Arc, Final, Grammar, Pronunciation


@pytest.mark.parametrize(
    ("language", "word", "phonemes"),
    [
        ("en", "lights", "l aɪ t s"),
        ("en-GB", "lights", "l aɪ t s"),
        ("en", "thirty", "θ ɜ t i"),  # as a flap and without a mark of length
        ("en", "a", "ə"),  # as in a sentence, not as the letter
        ("en", "garden", "ɡ ɑɹ d ə n"),
        ("en", "change", "tʃ eɪ n dʒ"),
        ("de", "küche", "k ʏ ç ə"),
    ],
)
def test_a_word_has_one_broad_pronunciation(language: str, word: str, phonemes: str):
    assert pronunciations([word], language) == {word: tuple(phonemes.split())}


def test_a_language_has_the_phonemes_of_its_frequent_words():
    english = phonemes_of("en")
    assert 40 <= len(english) <= 50
    assert english == tuple(sorted(set(english)))
    assert {"aɪ", "tʃ", "ð", "ʒ", "ɚ"} <= set(english)
    assert not set(english) & {"ɾ", "ɐ", "x", "y"}  # variants of others, and those of foreign names
    assert "y" in phonemes_of("de")
    assert not set(phonemes_of("de")) & {"ʌ", "ʒ"}  # of a few English and French words
    assert not any(mark in phoneme for phoneme in phonemes_of("de") for mark in "ˈˌː()")


def test_languages_that_nobody_speaks_are_refused_before_and_after():
    for say in (pronunciations, lambda words, language: text_phonemes(words, language)):
        with pytest.raises(SynthesisError, match="knows no language 'tlh'"):
            say(["light"], "tlh")


def test_a_grammar_keeps_the_pronunciations_that_it_has():
    own = Pronunciation("light", ("l", "i", "t"))
    grammar = Grammar("en", 3, (Arc(0, 1, "light"), Arc(1, 2, "off")), (Final(2, "I"),), (own,))
    assert pronounced(grammar).pronunciations == (own, Pronunciation("off", ("ɔ", "f")))


def test_a_word_without_a_sound_is_no_word_of_a_grammar():
    with pytest.raises(ConfigError, match='found 0 in "\'"'):
        pronounced(Grammar("en", 2, (Arc(0, 1, "'"),), (Final(1, "I"),)))


def test_rows_are_written_in_phonemes_and_foreign_sounds_left_out():
    spec = SpeechSpec(unit="phonemes")
    rows = [SpeechRow(str(at), text, "train") for at, text in enumerate(("turn it off", "", "loch"))]
    tokens = tokens_for(spec)
    kept, dropped = writable(rows, spec, tokens)
    assert [(row.id, row.text) for row in kept] == [("0", "t ɜ n ɪ t ɔ f"), ("1", "")]
    assert dropped == 1
    assert tokens.decode(tokens.encode(kept[0].text)) == kept[0].text
