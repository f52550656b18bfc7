"""What the decoders are held against: sums over every alignment, and small models."""

from __future__ import annotations

import itertools

import numpy as np

from edge_asr.runtime.ctc.arpa import read_arpa
from edge_asr.runtime.ctc.beam import Beam
from edge_asr.runtime.ctc.language_model import LanguageModel
from edge_asr.runtime.ctc.prefix import Prefix
from edge_asr.runtime.ctc.words import Spelling

LETTERS = Spelling(("_blank_", " ", "a", "b"), "characters", 0.04)
WORDS = Spelling(("_blank_", "one", "two", "three"), "words", 0.08)

ARPA = """remarks of a program
\\data\\
ngram 1=7
ngram 2=5
ngram 3=3

\\1-grams:
-1.2\t<unk>
-99\t<s>\t-0.4
-0.9\t</s>
-0.6\ta\t-0.3
-0.8\tb\t-0.25
-1.1\tab\t-0.1
-1.5\tone\t0.1

\\2-grams:
-0.3\t<s> a\t-0.2
-0.5\ta b\t-0.15
-0.7\tb a
-0.2\tb </s>
-0.4\tab ab\t0.05

\\3-grams:
-0.1\t<s> a b
-0.35\ta b a
-0.25\ta b </s>

\\end\\
"""


def small_lm() -> LanguageModel:
    return read_arpa(ARPA.encode())


def random_frames(seed: int, frames: int, tokens: int, sharpness: float = 0.5) -> np.ndarray:
    """Log probabilities, (frames, tokens) float32; a smaller sharpness makes one token of each frame likelier."""
    weights = np.random.default_rng(seed).dirichlet(np.full(tokens, sharpness), frames)
    return np.log(np.maximum(weights, 1e-9)).astype(np.float32)


def alignment_sums(log_probs: np.ndarray) -> dict[tuple[int, ...], float]:
    """Prefix to log probability, from every alignment by itself."""
    frames, tokens = log_probs.shape
    sums: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(tokens), repeat=frames):
        said = tuple(token for token, _ in itertools.groupby(path) if token)
        score = sum(float(log_probs[i, token]) for i, token in enumerate(path))
        sums[said] = float(np.logaddexp(sums.get(said, -np.inf), score))
    return sums


def tokens_of(prefix: Prefix) -> tuple[int, ...]:
    tokens: list[int] = []
    while prefix.parent is not None:
        tokens.append(prefix.token)
        prefix = prefix.parent
    return tuple(tokens[::-1])


def beam_sums(beam: Beam) -> dict[tuple[int, ...], float]:
    return {tokens_of(prefix): float(score) for prefix, score in zip(beam.prefixes, beam.log_probs)}
