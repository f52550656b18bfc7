"""Something for voices to say that is not the phrase."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_asr.data.phoneme_distance import is_heard
from edge_asr.data.phonemes import text_phonemes
from edge_asr.data.word_list import frequent_words

VOCABULARY = 20_000
"""Most frequent words of the language."""
FLATTEN = 0.75
"""Power of the frequency that a word is drawn by, so that rare ones occur too (Mikolov et al. 2013, arXiv 1310.4546)."""
WORDS = (2, 8)
"""In a sentence, drawn evenly."""


def other_sentences(language: str, count: int, rng: np.random.Generator, *, avoid: Sequence[str] = ()) -> tuple[str, ...]:
    """`count` sentences of two to eight words of `language`, common and rare ones; they make no sense.

    None is heard as one of the phrases in `avoid` or holds one. Raises `DataError` when there is no word list of the
    language, `SynthesisError` as `text_phonemes`.
    """
    phrases = text_phonemes(avoid, language)
    words = frequent_words(language, VOCABULARY)
    weights = np.array([word.frequency for word in words]) ** FLATTEN
    weights /= weights.sum()
    sentences: list[str] = []
    while len(sentences) < count:
        drawn = [
            [words[i] for i in rng.choice(len(words), rng.integers(WORDS[0], WORDS[1] + 1), p=weights)]
            for _ in range(count - len(sentences))
        ]
        sounds = [tuple(phoneme for word in some for phoneme in word.phonemes) for some in drawn]
        heard = np.any([is_heard(phrase, sounds) for phrase in phrases], axis=0) if phrases else np.zeros(len(drawn), bool)
        sentences += [" ".join(word.text for word in some) for some, bad in zip(drawn, heard) if not bad]
    return tuple(sentences)
