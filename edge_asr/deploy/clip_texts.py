"""What a bundle understands, as texts for a voice to say."""

from __future__ import annotations

import numpy as np

from edge_asr.bundle.manifest import BACKGROUND, Manifest
from edge_asr.bundle.store import Bundle
from edge_asr.data.sentences import other_sentences
from edge_asr.runtime.grammar import Grammar, read_grammar

SEED = 5
"""Of the sentences that are drawn: the same bundle gives the same ones."""
SENTENCES = 12
"""Drawn for a recogniser; the shorter ones come first."""
LONGEST_SENTENCE = 8
"""Words."""
STRING_WORDS = 4
"""In a string of a closed set's words."""


def clip_texts(bundle: Bundle) -> tuple[str, ...]:
    """What to say to `bundle`, the likelier to be understood the earlier: its keywords, or sentences that it can write.

    Raises `ConfigError` when its grammar is damaged, `DataError` when there is no word list of its language.
    """
    manifest, rng = bundle.manifest, np.random.default_rng(SEED)
    if manifest.speech is None:
        return tuple(label for label in manifest.labels if label not in BACKGROUND)
    if "grammar" in bundle.assets:
        grammar = read_grammar(bundle.assets["grammar"])
        drawn = (_sentence(grammar, rng) for _ in range(10 * SENTENCES))
        return tuple(sorted({text: None for text in drawn if text}, key=len)[:SENTENCES])
    if manifest.speech.unit == "words":
        words = manifest.labels[1:]
        return tuple(" ".join(words[i] for i in rng.integers(len(words), size=STRING_WORDS)) for _ in range(SENTENCES))
    return other_sentences(manifest.speech.language, SENTENCES, rng)


def spoken(label: str) -> str:
    """A label or text as a voice says it: `hey_computer` is two words."""
    return label.replace("_", " ").strip()


def language_of(manifest: Manifest) -> str:
    """The BCP 47 tag of what it understands; English where it does not tell."""
    if manifest.speech is not None:
        return manifest.speech.language
    recipe = manifest.provenance.get("recipe")
    wake = recipe.get("wake") if isinstance(recipe, dict) else None
    language = wake.get("language") if isinstance(wake, dict) else None
    return language if isinstance(language, str) and language else "en"


def _sentence(grammar: Grammar, rng: np.random.Generator) -> str:
    """A random walk from the beginning to an end; empty where it gets too long."""
    ends = {final.state for final in grammar.finals}
    state = 0
    words: list[str] = []
    while len(words) < LONGEST_SENTENCE and grammar.leaving[state]:
        arcs = grammar.leaving[state]
        arc = arcs[int(rng.integers(len(arcs)))]
        words.append(arc.word)
        state = arc.target
        if state in ends:
            return " ".join(words)
    return ""
