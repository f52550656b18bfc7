"""The decoder that a bundle's settings ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from edge_asr.bundle.speech import SpeechDecodeSpec, Unit
from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc.beam_decoder import BeamDecoder
from edge_asr.runtime.ctc.fusion import CharacterFusion, WordFusion
from edge_asr.runtime.ctc.greedy import GreedyDecoder
from edge_asr.runtime.ctc.hot_words import HotWords
from edge_asr.runtime.ctc.hypothesis import Decoder
from edge_asr.runtime.ctc.language_model import LanguageModel
from edge_asr.runtime.ctc.words import Spelling

if TYPE_CHECKING:
    from edge_asr.runtime.grammar import Grammar


def make_decoder(
    tokens: Sequence[str],
    unit: Unit,
    spec: SpeechDecodeSpec,
    output_seconds: float,
    *,
    lm: LanguageModel | None = None,
    hot_words: Mapping[str, float] | None = None,
    grammar: Grammar | None = None,
) -> Decoder:
    """A decoder of one stream of frames over `tokens` (blank first), each of `output_seconds`.

    With a grammar: what it allows, and nothing else. Else prefix beam search with the language model and the hot words (phrase to
    weight, natural logarithm), or best path decoding where `spec.beam` is 1, no word has a bonus and there are neither.
    Raises `ConfigError` when they do not fit the tokens, or for a grammar together with them.
    """
    spelling = Spelling(tuple(tokens), unit, output_seconds)
    if grammar is not None:
        if lm is not None or hot_words:
            raise ConfigError(
                "a grammar says by itself which words may come: expected no language model and no hot words beside it"
            )
        from edge_asr.runtime.ctc.grammar_decoder import GrammarDecoder

        return GrammarDecoder(spelling, grammar, max_penalty=spec.max_penalty, min_confidence=spec.min_confidence)
    if spec.beam == 1 and lm is None and not hot_words and not spec.word_bonus:
        return GreedyDecoder(spelling, spec.min_confidence)
    kind = CharacterFusion if unit == "characters" else WordFusion
    fusion = kind(spelling, lm, spec.lm_weight, spec.word_bonus, HotWords(spelling, hot_words or {}))
    return BeamDecoder(spelling, fusion, spec.beam, min_confidence=spec.min_confidence)
