"""What a recogniser answered for utterances whose words, and perhaps meaning, are known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from edge_asr.data.utterance import Utterance
from edge_asr.runtime.ctc.hypothesis import Slot, Transcript
from edge_asr.runtime.grammar import Grammar
from edge_asr.training.word_errors import Errors, Pair, align_words, count_errors


@dataclass(frozen=True)
class Meaning:
    """What a sentence of a grammar wants."""

    intent: str
    slots: frozenset[Slot] = frozenset()


@dataclass(frozen=True)
class Subject:
    """An utterance to be recognised."""

    utterance: Utterance
    meaning: Meaning | None = None
    """What the grammar makes of its text; None where there is no grammar."""
    outside: bool = False
    """Nothing is to be recognised."""

    @property
    def text(self) -> str:
        """What is to be recognised."""
        return "" if self.outside else self.utterance.text


def subject(utterance: Utterance, grammar: Grammar | None, words: frozenset[str]) -> Subject | None:
    """What is to be recognised of `utterance`: nothing, where its text is empty, not in the grammar or of none of `words`.

    `words`: all that the model can write; none where it writes characters. None where only some of the text's words are.
    """
    said = utterance.text.split()
    if grammar is not None:
        parses = grammar.parses(said)
        if not parses:
            return Subject(utterance, outside=True)
        return Subject(utterance, Meaning(parses[0].intent, frozenset(parses[0].slots)))
    known = [word in words for word in said] if words else [True] * len(said)
    if not any(known):
        return Subject(utterance, outside=True)
    return Subject(utterance) if all(known) else None


@dataclass(frozen=True)
class Answer:
    """What came for a subject, as a device would have it: a transcript for each stretch of speech that was heard."""

    subject: Subject
    transcripts: tuple[Transcript, ...]

    @cached_property
    def text(self) -> str:
        """What was accepted; empty where nothing was."""
        return " ".join(one.text for one in self.accepted if one.text)

    @property
    def accepted(self) -> tuple[Transcript, ...]:
        """Those that a device would act upon."""
        return tuple(one for one in self.transcripts if not one.rejected and (one.text or one.intent))

    @property
    def right(self) -> bool:
        """Whether it is what was to be recognised: the meaning with a grammar, else all words."""
        if self.subject.meaning is not None:
            return self.meaning == self.subject.meaning
        return self.text == self.subject.text

    @property
    def rejected(self) -> bool:
        """Whether something was heard, and nothing of it accepted."""
        return bool(self.transcripts) and not self.accepted

    @property
    def meaning(self) -> Meaning | None:
        """What a device would do; None for nothing, and for more than one thing."""
        if len(self.accepted) != 1:
            return None
        return Meaning(self.accepted[0].intent, frozenset(self.accepted[0].slots))

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The words that are to be recognised beside those that were accepted."""
        return align_words(self.subject.text, self.text)

    @cached_property
    def words(self) -> Errors:
        """Errors in words; what was rejected counts as deleted."""
        return count_errors([self.subject.text], [self.text])

    @property
    def characters(self) -> Errors:
        """Errors in characters, spaces among them."""
        return count_errors([self.subject.text], [self.text], "characters")
