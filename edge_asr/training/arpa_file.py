"""N-gram models as ARPA text."""

from __future__ import annotations

import math
from collections.abc import Iterator

from edge_asr.training.kneser_ney import NgramModel

NEVER = -99.0
"""log10 of the probability of what is never predicted, as other programs write it."""


def arpa_text(model: NgramModel) -> bytes:
    """`model` in the ARPA format, UTF-8; what `edge_asr.runtime.ctc.arpa.read_arpa` reads."""
    return "".join(f"{line}\n" for line in _lines(model)).encode()


def _lines(model: NgramModel) -> Iterator[str]:
    yield "\\data\\"
    for length, level in enumerate(model.levels, start=1):
        yield f"ngram {length}={len(level.word)}"
    texts = [""]  # of the contexts
    for length, level in enumerate(model.levels, start=1):
        yield ""
        yield f"\\{length}-grams:"
        longest = length == len(model.levels)
        pairs = zip(level.context.tolist(), level.word.tolist())
        texts = [f"{texts[context]} {model.words[word]}".strip() for context, word in pairs]
        for text, probability, backoff in zip(texts, level.probability.tolist(), level.backoff.tolist()):
            yield f"{_log10(probability):.7g}\t{text}" + ("" if longest else f"\t{_log10(backoff):.7g}")
    yield ""
    yield "\\end\\"


def _log10(value: float) -> float:
    return math.log10(value) if value > 0 else NEVER
