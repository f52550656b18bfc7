"""The decoder that the settings ask for, and what the parts of it are worth together."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.bundle.speech import SpeechDecodeSpec
from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc.beam_decoder import BeamDecoder
from edge_asr.runtime.ctc.grammar_decoder import GrammarDecoder
from edge_asr.runtime.ctc.greedy import GreedyDecoder
from edge_asr.runtime.ctc.hypothesis import Decoder
from edge_asr.runtime.ctc.make import make_decoder
from edge_asr.runtime.grammar import Arc, Final, Grammar
from tests.runtime.ctc.sums import LETTERS, small_lm

UNSURE = np.log(np.array([[0.04, 0.01, 0.5, 0.45], [0.97, 0.01, 0.01, 0.01]], np.float32))
""" "a" rather than "b"; the second frame is blank."""


def make(spec: SpeechDecodeSpec | None = None, **more) -> Decoder:
    return make_decoder(LETTERS.tokens, "characters", spec or SpeechDecodeSpec("characters"), 0.04, **more)


def heard(decoder: Decoder) -> str:
    decoder.advance(UNSURE)
    return decoder.finish().text


def test_which_decoder():
    one = SpeechDecodeSpec("characters", beam=1)
    assert isinstance(make(one), GreedyDecoder)
    assert isinstance(make(), BeamDecoder)
    assert isinstance(make(one, lm=small_lm()), BeamDecoder)
    assert isinstance(make(one, hot_words={"b": 1.0}), BeamDecoder)
    assert isinstance(make(SpeechDecodeSpec("characters", beam=1, word_bonus=1.0)), BeamDecoder)


def test_each_part_can_change_the_answer():
    assert heard(make()) == "a"
    assert heard(make(hot_words={"b": 1.0})) == "b"
    assert heard(make(hot_words={"a": -1.0})) == "b"
    # The model finds "b" likelier by 0.69, "a" is likelier by 0.11 to the network.
    assert heard(make(lm=small_lm())) == "b"
    assert heard(make(SpeechDecodeSpec("characters", lm_weight=0.1), lm=small_lm())) == "a"
    assert heard(make(lm=small_lm(), hot_words={"a": 0.5})) == "a"
    assert heard(make(SpeechDecodeSpec("characters", word_bonus=-5.0))) == ""


def test_the_least_confidence_is_the_settings():
    for beam in (1, 4):
        decoder = make(SpeechDecodeSpec("characters", beam=beam, min_confidence=0.6))
        decoder.advance(UNSURE)
        assert decoder.finish().rejected == "confidence 0.50 is below 0.6"


@pytest.mark.parametrize("beam", [1, 4])
def test_without_a_grammar_each_phoneme_is_a_word(beam: int):
    decoder = make_decoder(("_blank_", "tʃ", "ɪ", "s"), "phonemes", SpeechDecodeSpec("phonemes", beam=beam), 0.04)
    decoder.advance(np.log(np.full((3, 4), 0.04, np.float32) + 0.84 * np.eye(4, dtype=np.float32)[[1, 2, 3]]))
    said = decoder.finish()
    assert said.text == "tʃ ɪ s"
    assert [word.text for word in said.words] == ["tʃ", "ɪ", "s"]


def test_phonemes_can_be_hot():
    spec = SpeechDecodeSpec("phonemes")
    assert heard(make_decoder(("_blank_", "s", "ɪ", "tʃ"), "phonemes", spec, 0.04, hot_words={"tʃ": 1.0})) == "tʃ"


def test_a_grammar_stands_alone():
    grammar = Grammar("en", 2, (Arc(0, 1, "ab"),), (Final(1, "Say"),))
    assert isinstance(make(grammar=grammar), GrammarDecoder)
    for more in ({"lm": small_lm()}, {"hot_words": {"a": 1.0}}):
        with pytest.raises(ConfigError, match="no language model and no hot words beside it"):
            make(grammar=grammar, **more)
