"""Who reads numbers aloud: people, of whose recorded digits strings are made, and synthetic voices with accents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from edge_asr.data.accents import LANGUAGES, respell
from edge_asr.data.excerpt import Excerpt
from edge_asr.data.noise import Samples
from edge_asr.data.sound_pool import to_level
from edge_asr.data.speech_spec import DIGITS
from edge_asr.data.speech_waveforms import read_word
from edge_asr.data.utterance import Utterance
from edge_asr.data.voice_splits import split_voices
from edge_asr.data.voices import say, voices_for
from edge_asr.data.voices.phrases import SAMPLE_RATE, phrase_bounds
from edge_asr.data.voices.voice import Delivery, Voice
from edge_asr.data.wake_waveforms import fade
from edge_asr.errors import AudioError
from edge_asr.frontend.resample import resample

ENOUGH_WORDS = 8
"""Different digits of one speaker, for strings by that speaker alone; the others' are put together, as one more reader."""
TOGETHER = "several"
CLOSE_SECONDS = (-0.03, 0.15)
"""From a recorded word to the next in a group."""
RATE, PITCH, PITCH_RANGE = (0.75, 1.3), (-3.0, 3.0), (0.5, 1.5)
OH = 0.3
"""Share of the numbers in which voices say "oh" for zero."""


class Reader(Protocol):
    """Somebody who reads numbers aloud."""

    speaker: str
    licence: str

    def draw(self, count: int, rng: np.random.Generator) -> list[str]:
        """A number of so many digits."""
        ...

    def read(self, groups: Sequence[Sequence[str]], rng: np.random.Generator) -> list[Samples]:
        """Each group of digits, float32 (n,) at `SAMPLE_RATE` and the nominal level, without silence around it."""
        ...


@dataclass(frozen=True)
class RecordedReader:
    """Recordings of single digits."""

    speaker: str
    licence: str
    words: Mapping[str, tuple[Excerpt, ...]]

    def draw(self, count: int, rng: np.random.Generator) -> list[str]:
        """Of the digits that there are."""
        known = list(self.words)
        return [known[i] for i in rng.integers(len(known), size=count)]

    def read(self, groups: Sequence[Sequence[str]], rng: np.random.Generator) -> list[Samples]:
        """Recordings are drawn, and put close together. Raises `AudioError`."""
        return [self._join([self._word(word, rng) for word in group], rng) for group in groups]

    def _word(self, word: str, rng: np.random.Generator) -> Samples:
        takes = self.words[word]
        return fade(read_word(takes[int(rng.integers(len(takes)))], SAMPLE_RATE), SAMPLE_RATE)

    def _join(self, sounds: Sequence[Samples], rng: np.random.Generator) -> Samples:
        starts = [0]
        for sound in sounds[:-1]:
            gap = round(rng.uniform(*CLOSE_SECONDS) * SAMPLE_RATE)
            starts.append(starts[-1] + max(len(sound) + gap, len(sound) // 2))
        joined = np.zeros(max(at + len(sound) for at, sound in zip(starts, sounds)), np.float32)
        for at, sound in zip(starts, sounds):
            joined[at : at + len(sound)] += sound
        return joined


@dataclass(frozen=True)
class VoiceReader:
    """A synthetic voice, of English or of a language in which English digits are respelt."""

    voice: Voice

    @property
    def speaker(self) -> str:
        """Engine, throat and accent."""
        return f"{self.voice.engine}/{self.voice.speaker or 'plain'}/{self.voice.language}"

    @property
    def licence(self) -> str:
        """That of the voice."""
        return self.voice.licence

    def draw(self, count: int, rng: np.random.Generator) -> list[str]:
        """Of all digits; some people say "oh" for zero."""
        number = [DIGITS[i] for i in rng.integers(10, size=count)]
        return ["oh" if word == "zero" else word for word in number] if rng.random() < OH else number

    def read(self, groups: Sequence[Sequence[str]], rng: np.random.Generator) -> list[Samples]:
        """In one tempo and pitch. Raises `SynthesisError`."""
        delivery = Delivery(
            rate=float(rng.uniform(*RATE)), pitch=float(rng.uniform(*PITCH)), pitch_range=float(rng.uniform(*PITCH_RANGE))
        )
        return [self._say(" ".join(group), delivery) for group in groups]

    def _say(self, text: str, delivery: Delivery) -> Samples:
        speech = say(respell(text, self.voice.language), self.voice, delivery)
        samples = resample(speech.samples, speech.sample_rate, SAMPLE_RATE)
        start, end = phrase_bounds(samples)
        return to_level(samples[start:end], SAMPLE_RATE)


def recorded_readers(utterances: Iterable[Utterance]) -> tuple[RecordedReader, ...]:
    """Those who say the digits of `utterances`, one word each. Recordings without a clear word are left out."""
    by_speaker: dict[str, dict[str, list[Excerpt]]] = {}
    licences: dict[str, str] = {}
    for one in utterances:
        excerpt = Excerpt(one.path, one.start, one.end)
        try:
            read_word(excerpt, SAMPLE_RATE)
        except AudioError:
            continue
        speaker = one.speaker or TOGETHER
        by_speaker.setdefault(speaker, {}).setdefault(one.text, []).append(excerpt)
        licences[speaker] = one.licence
    together: dict[str, list[Excerpt]] = {}
    readers: list[RecordedReader] = []
    for speaker, words in by_speaker.items():
        if len(words) >= ENOUGH_WORDS:
            readers.append(_reader(speaker, licences[speaker], words))
        else:
            for word, takes in words.items():
                together.setdefault(word, []).extend(takes)
    rest = "; ".join(sorted({licences[speaker] for speaker, words in by_speaker.items() if len(words) < ENOUGH_WORDS}))
    return (*readers, *([_reader(TOGETHER, rest, together)] if together else []))


def voice_readers(
    count: int, held: tuple[float, float], rng: np.random.Generator, *, piper_voices: Path | None = None
) -> tuple[VoiceReader, ...]:
    """About `count` voices, none of a speaker that a recogniser is trained on: half of them English, half of other languages.

    `held`: percent of the speakers that training keeps for validation and for test. Raises `SynthesisError` without voices.
    """
    english = split_voices(voices_for("en", piper_voices=piper_voices), *held)["test"]
    throats = {(voice.engine, voice.speaker) for voice in english}
    foreign = [
        voice
        for language in LANGUAGES
        for voice in voices_for(language)
        if voice.language == language and (voice.engine, voice.speaker) in throats
    ]
    drawn = [_some(voices, count // 2, rng) for voices in (english, foreign) if voices]
    return tuple(VoiceReader(voice) for voices in drawn for voice in voices)


def _reader(speaker: str, licence: str, words: Mapping[str, list[Excerpt]]) -> RecordedReader:
    return RecordedReader(speaker, licence, {word: tuple(takes) for word, takes in sorted(words.items())})


def _some(voices: Sequence[Voice], count: int, rng: np.random.Generator) -> list[Voice]:
    """`count` of `voices`, engines and their accents each as often as there are voices to take turns."""
    kinds: dict[tuple[str, str], list[Voice]] = {}
    for index in rng.permutation(len(voices)):
        kinds.setdefault((voices[index].engine, voices[index].language), []).append(voices[index])
    turns = [of_kind[turn] for turn in range(count) for of_kind in kinds.values() if turn < len(of_kind)]
    return turns[:count]
