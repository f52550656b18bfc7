"""Made-up answers of a recogniser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edge_asr.bundle.speech import SpeechDecodeSpec
from edge_asr.data.utterance import Utterance
from edge_asr.runtime.ctc.hypothesis import Slot, Transcript, Word
from edge_asr.training.speech_answers import Answer, Meaning, Subject
from edge_asr.training.speech_evaluate import Model, SpeechEvaluation, evaluate_speech

MODEL = Model(
    "toy", "0123456789abcdef" * 4, 12345, "stream", "some-runtime 1.2, default kernels", 16000, SpeechDecodeSpec("words")
)


def said(text: str, speaker: str | None = "anna", number: int = 0, path: Path = Path("none.wav")) -> Utterance:
    return Utterance(f"{speaker}/{number}", path, text, speaker, "test")


def transcript(text: str, rejected: str = "", intent: str = "", slots: Sequence[Slot] = ()) -> Transcript:
    words = tuple(Word(word, 0.5 * n, 0.5 * n + 0.4, 0.9) for n, word in enumerate(text.split()))
    return Transcript(text, words, -1.0, 0.9, intent, tuple(slots), rejected)


def answer(text: str, *got: str, speaker: str | None = "anna", number: int = 0, outside: bool = False) -> Answer:
    return Answer(Subject(said(text, speaker, number), outside=outside), tuple(transcript(one) for one in got))


def meant(wanted: Meaning, *got: Transcript) -> Answer:
    return Answer(Subject(said("turn it on"), wanted), got)


def digits(rng: np.random.Generator, utterances: int, error: float, speakers: int = 8) -> tuple[Answer, ...]:
    """Strings of five digits in which each is wrong with a probability of `error`, on average over the speakers."""
    names = ("zero", "one", "two", "three", "four", "five")
    answers = []
    for number in range(utterances):
        speaker = number % speakers
        wanted = [names[i] for i in rng.integers(len(names), size=5)]
        got = [names[int(rng.integers(6))] if rng.random() < 2 * error * speaker / speakers else word for word in wanted]
        answers.append(answer(" ".join(wanted), " ".join(got), speaker=f"speaker{speaker}", number=number))
    return tuple(answers)


def evaluation(answers: Mapping[tuple[str, str], Sequence[Answer]] | None = None, **more: object) -> SpeechEvaluation:
    made = answers or {
        (decoder, condition): digits(np.random.default_rng(1), 80, error)
        for decoder, error in (("as shipped", 0.05), ("greedy", 0.1))
        for condition in ("clean", "noise 5 dB")
    }
    return evaluate_speech(MODEL, made, data="made up", seconds=3725.0, **more)  # type: ignore[arg-type]
