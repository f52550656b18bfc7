"""The best sentence of a grammar against all alignments; chunks, times, rejection, memory."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc import grammar_decoder
from edge_asr.runtime.ctc.grammar_decoder import GrammarDecoder
from edge_asr.runtime.ctc.hypothesis import Slot, Transcript
from edge_asr.runtime.ctc.penalty import worst_loss
from edge_asr.runtime.ctc.words import Spelling, Unit
from edge_asr.runtime.grammar import Arc, Final, Grammar, Pronunciation

WORDS = Spelling(("_blank_", "a", "b", "c"), "words", 0.04)
LETTERS = Spelling(("_blank_", "a", "b", " "), "characters", 0.04)
PHONEMES = Spelling(("_blank_", "p", "t", "s"), "phonemes", 0.04)
SENTENCES = {"words": ("a", "b", "c"), "characters": ("a", "b", "ab", "aa", "bab"), "phonemes": ("a", "b", "c", "d")}
SAID = {"a": [("p",), ("t", "s")], "b": [("t",)], "c": [("t", "s")], "d": [("p", "p"), ("s", "t")]}
"""Words that sound alike, and words that are said in two ways."""
PRONUNCIATIONS = tuple(Pronunciation(word, phonemes) for word, ways in SAID.items() for phonemes in ways)


def random_grammar(rng: np.random.Generator, unit: Unit) -> Grammar:
    """Loops, two arcs with one word, a start that may be an end: four states, those of no use left out."""
    words = SENTENCES[unit]
    while True:
        ends = rng.integers(4, size=(rng.integers(3, 9), 2)).tolist()
        arcs = tuple(Arc(int(a), int(b), words[rng.integers(len(words))]) for a, b in ends)
        try:
            finals = tuple(Final(state, f"I{state}") for state in range(4) if rng.random() < 0.5)
            return Grammar("en", 4, arcs, finals, PRONUNCIATIONS if unit == "phonemes" else ())
        except ConfigError:
            continue


def texts_of(grammar: Grammar, phonemes: tuple[str, ...]) -> set[str]:
    """The sentences of `grammar` that sound like `phonemes`."""
    ways = {
        words
        for count in range(len(phonemes) + 1)
        for words in product({arc.word for arc in grammar.arcs}, repeat=count)
        if any(sum(said, ()) == phonemes for said in product(*(SAID[word] for word in words)))
    }
    return {" ".join(words) for words in ways if grammar.parses(words) or not words}


def random_log_probs(rng: np.random.Generator, frames: int, tokens: int) -> NDArray[np.float32]:
    logits = rng.normal(0.0, 2.0, (frames, tokens))
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), np.float32)


def all_texts(spelling: Spelling, log_probs: NDArray[np.float32]) -> dict[str, float]:
    """Of every token sequence the score of its best alignment (Viterbi over all tokens ** frames alignments)."""
    best: dict[str, float] = {}
    for alignment in product(range(len(spelling.tokens)), repeat=len(log_probs)):
        said = [token for token, _ in itertools.groupby(alignment) if token]
        text = ("" if spelling.unit == "characters" else " ").join(spelling.tokens[token] for token in said)
        score = sum(float(row[token]) for row, token in zip(log_probs, alignment))
        best[text] = max(best.get(text, -math.inf), score)
    return best


@pytest.mark.parametrize("seed", range(40))
def test_the_sentence_is_the_best_of_all_alignments(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spelling = (WORDS, LETTERS)[seed % 2]
    grammar = random_grammar(rng, spelling.unit)
    log_probs = random_log_probs(rng, int(rng.integers(7)), 4)
    decoder = GrammarDecoder(spelling, grammar, beam=math.inf)
    decoder.advance(log_probs)
    found = decoder.finish()
    allowed = {
        text: score
        for text, score in all_texts(spelling, log_probs).items()
        if text == "" or (grammar.parses(text.split()) and " ".join(text.split()) == text)
    }
    assert found.score == pytest.approx(max(allowed.values()), abs=1e-5)  # float32 sums
    assert found.score == pytest.approx(allowed[found.text], abs=1e-5)
    meanings = grammar.parses(found.text.split())
    assert found.intent == (meanings[0].intent if meanings else "")


@pytest.mark.parametrize("seed", range(40))
def test_words_are_told_by_their_phonemes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grammar = random_grammar(rng, "phonemes")
    log_probs = random_log_probs(rng, int(rng.integers(6)), 4)
    decoder = GrammarDecoder(PHONEMES, grammar, beam=math.inf)
    for frames in np.array_split(log_probs, 2):
        decoder.advance(frames)
    found = decoder.finish()
    allowed: dict[str, float] = {}
    for said, score in all_texts(PHONEMES, log_probs).items():
        for text in texts_of(grammar, tuple(said.split())):
            allowed[text] = max(allowed.get(text, -math.inf), score)
    assert found.score == pytest.approx(max(allowed.values()), abs=1e-5)  # float32 sums
    assert found.score == pytest.approx(allowed[found.text], abs=1e-5)
    assert [word.text for word in found.words] == found.text.split()


def test_words_of_phonemes_have_times_and_confidences_and_are_told_when_they_are_complete() -> None:
    grammar = Grammar(
        "en",
        3,
        (Arc(0, 1, "stop"), Arc(1, 2, "it")),
        (Final(2, "Stop"),),
        (
            Pronunciation("stop", ("s", "t", "p")),
            Pronunciation("it", ("t",)),
        ),
    )
    decoder = GrammarDecoder(PHONEMES, grammar)
    frames = np.log(np.full((8, 4), 0.1 / 3))
    for at, token in enumerate((0, 3, 3, 2, 1, 0, 2, 0)):
        frames[at, token] = math.log(0.9)
    decoder.advance(frames[:4].astype(np.float32))
    assert decoder.best().text == ""
    decoder.advance(frames[4:].astype(np.float32))
    said = decoder.finish()
    assert (said.text, said.intent) == ("stop it", "Stop")
    assert [time for word in said.words for time in (word.start, word.end)] == pytest.approx([0.04, 0.2, 0.24, 0.28])
    assert [word.confidence for word in said.words] == pytest.approx([0.9, 0.9])


def test_a_grammar_without_pronunciations_does_not_fit_phonemes() -> None:
    said = (Pronunciation("a", ("p",)), Pronunciation("elsewhere", ("x",)))
    grammar = Grammar("en", 2, (Arc(0, 1, "a"), Arc(0, 1, "b")), (Final(1, "I"),), said)
    with pytest.raises(ConfigError, match="1 words have no pronunciation, such as 'b'.*--phonemes"):
        GrammarDecoder(PHONEMES, grammar)
    with pytest.raises(ConfigError, match="the model has no phoneme 'x'"):
        GrammarDecoder(PHONEMES, replace(grammar, pronunciations=(*said, Pronunciation("b", ("x",)))))
    GrammarDecoder(PHONEMES, replace(grammar, pronunciations=(*said, Pronunciation("b", ("t",)))))


@pytest.mark.parametrize("seed", range(20))
def test_the_partial_result_is_the_best_beginning_of_a_sentence(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grammar = random_grammar(rng, "words")
    log_probs = random_log_probs(rng, 5, 4)
    decoder = GrammarDecoder(WORDS, grammar, beam=math.inf, max_penalty=0.0, min_confidence=1.0)
    decoder.advance(log_probs)
    # every state leads to an end, so a beginning is whatever can be walked: the same graph with an end in every state
    anywhere = Grammar("en", 4, grammar.arcs, tuple(Final(state, "") for state in range(4)))
    allowed = {text: score for text, score in all_texts(WORDS, log_probs).items() if anywhere.parses(text.split())}
    found = decoder.best()
    assert found.score == pytest.approx(max(allowed.values()), abs=1e-5)  # float32 sums
    assert (found.rejected, found.intent) == ("", "")


DIGITS = Grammar(
    "en",
    2,
    tuple(Arc(source, 1, word, (Slot("d", word),)) for source in (0, 1) for word in ("a", "b", "c")),
    (Final(1, "Digits"),),
)


def decoded(log_probs: NDArray[np.float32], **options: float) -> Transcript:
    decoder = GrammarDecoder(WORDS, DIGITS, **options)
    decoder.advance(log_probs)
    return decoder.finish()


def spoken(tokens: list[int], sure: float = 0.9) -> NDArray[np.float32]:
    """One frame for each of `tokens`, said with probability `sure`."""
    probabilities = np.full((len(tokens), 4), (1 - sure) / 3)
    probabilities[np.arange(len(tokens)), tokens] = sure
    return np.log(probabilities).astype(np.float32)


@pytest.mark.parametrize("seed", range(40))
def test_times_and_confidences_are_those_of_the_alignment_that_has_the_score(seed: int) -> None:
    rng = np.random.default_rng(seed)
    log_probs = random_log_probs(rng, 20, 4)
    if seed % 2:
        log_probs = -rng.integers(0, 2, (20, 4)).astype(np.float32)  # many alignments have the same score
    decoder = GrammarDecoder(WORDS, random_grammar(rng, "words"))
    decoder.advance(log_probs)
    said = decoder.finish()
    alignment = [0] * 20
    for word in said.words:
        frames = range(round(word.start / 0.04), round(word.end / 0.04))
        token = WORDS.tokens.index(word.text)
        for frame in frames:
            alignment[frame] = token
        assert word.confidence == pytest.approx(min(1.0, np.exp(log_probs[list(frames), token].max())))
    assert said.score == pytest.approx(log_probs[np.arange(20), alignment].sum(), abs=1e-4)  # float32 sums
    assert [WORDS.tokens[token] for token, _ in itertools.groupby(alignment) if token] == said.text.split()


@pytest.mark.parametrize("seed", range(5))
def test_chunks_do_not_matter_nor_what_was_decoded_before(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grammar, log_probs = random_grammar(rng, "words"), random_log_probs(rng, 60, 4)
    decoder = GrammarDecoder(WORDS, grammar)
    decoder.advance(log_probs)
    whole = decoder.finish()
    assert decoder.finish() == whole
    for _ in range(4):
        decoder.reset()
        for chunk in np.split(log_probs, np.sort(rng.integers(0, 61, rng.integers(0, 30)))):
            decoder.advance(chunk)
        assert decoder.finish() == whole


def test_words_have_times_and_confidences() -> None:
    said = decoded(spoken([0, 0, 1, 1, 0, 2, 0, 2, 2, 0]))
    assert said.text == "a b b"
    times = [(word.start, word.end) for word in said.words]
    assert np.array(times).flatten() == pytest.approx(np.array([2, 4, 5, 6, 7, 9]) * 0.04)
    assert [word.confidence for word in said.words] == pytest.approx([0.9] * 3, abs=1e-6)  # float32 logarithms
    assert (said.intent, said.slots) == ("Digits", (Slot("d", "a"), Slot("d", "b"), Slot("d", "b")))


def test_a_word_twice_has_a_blank_between_however_unlikely() -> None:
    decoder = GrammarDecoder(WORDS, Grammar("en", 3, (Arc(0, 1, "a"), Arc(1, 2, "a")), (Final(2, "I"),)))
    decoder.advance(spoken([1, 1, 1]))
    times = [(word.start, word.end) for word in decoder.finish().words]
    assert times == [(0.0, pytest.approx(0.04)), (pytest.approx(0.08), pytest.approx(0.12))]


def test_letters_make_words_with_times() -> None:
    grammar = Grammar("en", 3, (Arc(0, 1, "ab"), Arc(0, 1, "b"), Arc(1, 2, "ba")), (Final(2, "I"),))
    decoder = GrammarDecoder(LETTERS, grammar)
    decoder.advance(spoken([0, 1, 2, 0, 3, 2, 1, 1, 0]))
    assert [(word.text, word.start, word.end) for word in decoder.finish().words] == [
        ("ab", pytest.approx(0.04), pytest.approx(0.12)),
        ("ba", pytest.approx(0.20), pytest.approx(0.32)),
    ]


def test_silence_is_no_sentence_and_nothing_is_rejected() -> None:
    said = decoded(spoken([0] * 50), max_penalty=0.1, min_confidence=0.5)
    assert said == Transcript("", (), pytest.approx(50 * math.log(0.9)), 0.0)
    assert decoded(spoken([])).text == ""


def test_a_sentence_that_loses_nothing_is_accepted() -> None:
    assert decoded(spoken([0] * 20 + [1, 0, 2, 0, 3] + [0] * 20), max_penalty=0.01).rejected == ""


def test_what_the_grammar_lacks_is_rejected_with_its_penalty() -> None:
    without = Grammar("en", 2, (Arc(0, 1, "a"), Arc(1, 1, "b")), (Final(1, "I"),))
    decoder = GrammarDecoder(WORDS, without, max_penalty=5.0)
    decoder.advance(spoken([1, 0, 3, 3, 0, 2, 0]))  # c is not allowed: its two frames become blank
    said, loss = decoder.finish(), 2 * math.log(0.9 / (0.1 / 3))
    assert said.text == "a b"
    assert said.rejected == f"not in the grammar: penalty {loss:.1f} is above 5"
    assert decoder.best().rejected == ""


def test_a_wrong_word_weighs_the_same_in_a_long_sentence() -> None:
    without = Grammar("en", 2, (Arc(0, 1, "a"), Arc(1, 1, "b")), (Final(1, "I"),))
    said = []
    for more in (0, 200):
        decoder = GrammarDecoder(WORDS, without, max_penalty=0.0)
        decoder.advance(spoken([1, 0, *[2, 0] * more, 3, 3, 0, *[2, 0] * 30]))
        said.append(decoder.finish().rejected)
    assert said[0] == said[1] != ""


def test_an_unsure_sentence_is_rejected() -> None:
    said = decoded(spoken([0, 1, 0], sure=0.6), min_confidence=0.7)
    assert said.rejected == "confidence 0.60 is below 0.7"


@pytest.mark.parametrize("seed", range(20))
def test_the_penalty_is_the_worst_stretch(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times, losses = np.sort(rng.random(12) * 5), np.sort(rng.random(12) * 20)
    expected = 0.0
    for i in range(12):
        within = [j for j in range(i, 12) if times[j] <= times[i] + 2.0]
        expected = max(expected, (losses[within[-1]] - losses[i]) / 2)
        if within[-1] < 11:
            j = within[-1] + 1
            expected = max(expected, (losses[j] - losses[i]) / (times[j] - times[i]))
    assert worst_loss(times, losses, 5.0) == worst_loss(times, losses, 2.0) == pytest.approx(expected)
    assert worst_loss(times, losses, 1.5) == pytest.approx(expected * 2 / 1.5)  # all that was lost, was in these 1.5 s
    assert worst_loss(times, losses, 0.0) == worst_loss(times, losses, 1.0) == pytest.approx(expected * 2)


def test_a_shorter_sentence_pays_more_for_the_same_loss() -> None:
    without = Grammar("en", 2, (Arc(0, 1, "a"), Arc(1, 1, "b")), (Final(1, "I"),))
    penalties = []
    for more in (0, 17, 22, 40):  # 0.12, 1.48, 1.88 and 3.32 s
        decoder = GrammarDecoder(WORDS, without)
        decoder.advance(spoken([0] * 30 + [1, 3, 2, *[0, 2] * more] + [0] * 30))
        penalties.append(decoder.finish().penalty)
    loss = math.log(0.9 / (0.1 / 3))
    assert penalties == pytest.approx([loss, loss / 1.48, loss / 1.88, loss / 2.0], rel=1e-5)  # float32 sums


def test_a_narrow_beam_still_says_only_what_is_allowed() -> None:
    rng = np.random.default_rng(1)
    without = Grammar("en", 3, (Arc(0, 1, "a"), Arc(1, 2, "b"), Arc(2, 1, "c")), (Final(2, "I"),))
    for _ in range(20):
        log_probs = random_log_probs(rng, 40, 4)
        exact, narrow = GrammarDecoder(WORDS, without, beam=math.inf), GrammarDecoder(WORDS, without, beam=1.0)
        exact.advance(log_probs)
        narrow.advance(log_probs)
        said = narrow.finish()
        assert said.text == "" or without.parses(said.text.split())
        assert -math.inf < said.score <= exact.finish().score


def test_memory_is_bounded_and_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    log_probs = random_log_probs(np.random.default_rng(2), 3000, 4)
    whole = decoded(log_probs[:600])
    monkeypatch.setattr(grammar_decoder, "LEAST_ENTRIES", 50)
    decoder = GrammarDecoder(WORDS, DIGITS)
    sizes = []
    for chunk in np.array_split(log_probs, 300):
        decoder.advance(chunk)
        sizes.append(decoder._log._used)
        if len(sizes) == 60:
            assert decoder.finish() == whole
    words = len(decoder.finish().words)
    assert max(sizes) < 3 * words  # of 3 entries a frame: the best path's own, twice that before it is cut, and the other paths'


def test_a_grammar_with_words_that_the_model_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match="no word 'd' \\(2 are missing\\)"):
        GrammarDecoder(WORDS, Grammar("en", 1, (Arc(0, 0, "d"), Arc(0, 0, "e")), (Final(0, "I"),)))
    with pytest.raises(ConfigError, match="no character 'c'"):
        GrammarDecoder(LETTERS, Grammar("en", 2, (Arc(0, 1, "cab"),), (Final(1, "I"),)))
    with pytest.raises(ConfigError, match="no character ' '"):
        GrammarDecoder(Spelling(("_blank_", "a"), "characters", 0.04), Grammar("en", 1, (Arc(0, 0, "a"),), (Final(0, "I"),)))


def test_impossible_frames_are_refused() -> None:
    decoder = GrammarDecoder(WORDS, DIGITS)
    for frames in (np.zeros((2, 3)), np.full((1, 4), np.nan)):
        with pytest.raises(ConfigError):
            decoder.advance(frames.astype(np.float32))


def test_probabilities_of_zero_are_no_trouble() -> None:
    frames = np.full((6, 4), -np.inf, np.float32)
    frames[np.arange(6), [1, 1, 0, 1, 2, 2]] = 0.0
    assert decoded(frames).text == "a a b"
