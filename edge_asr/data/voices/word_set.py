"""A data set of synthetic words: a folder with one subfolder a label, as `edge_asr.data.folder` reads it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.voices import Speech, find_voice, speak
from edge_asr.errors import DataError
from edge_asr.files import write_whole
from edge_asr.frontend.resample import resample
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.encode_wav import encode_wav


@dataclass(frozen=True)
class SpokenLabel:
    """What stands for one label."""

    label: str
    words: tuple[str, ...]
    """One of these is drawn for each take."""
    takes: int
    """Clips a speaker."""


@dataclass(frozen=True)
class WordSet:
    """Who says what, and how. Each speaker is an eSpeak variant, who speaks with all accents."""

    labels: tuple[SpokenLabel, ...]
    speakers: tuple[str, ...]
    """eSpeak variants, such as `f3`."""
    accents: tuple[str, ...]
    """eSpeak accents, such as `en-gb`; one is drawn for each take."""
    carriers: tuple[str, ...] = ("{}",)
    """Sentences with a place for the word; one is drawn for each take. The clip is cut around the word."""
    clip_seconds: float = 1.0
    rate: tuple[float, float] = (0.8, 1.25)
    """Tempo is drawn evenly from this range; pitch and pitch range likewise. Units as in `speak`."""
    pitch: tuple[float, float] = (-3.0, 3.0)
    pitch_range: tuple[float, float] = (0.5, 1.6)
    sample_rate: int = 16000
    """Hz."""
    seed: int = 1


def speak_words(words: WordSet, parent: Path, *, progress: Progress = no_progress) -> Path:
    """Speak `words` into a folder below `parent`, whose name holds the hash of `words`, and return it.

    Files are `<label>/<speaker>_nohash_<n>.wav`, so that splits go by speaker. What an interrupted run has made is kept.
    Raises `SynthesisError`, and `DataError` when a file can't be written.
    """
    digest = hashlib.sha256(json.dumps(asdict(words), sort_keys=True).encode()).hexdigest()
    root = parent / f"words-{digest[:12]}"
    takes = list(_takes(words, root))
    for done, (path, label, speaker, rng) in enumerate(takes, start=1):
        if not path.exists():
            content = _say(words, label, speaker, rng)
            try:
                write_whole(path, content, sync=False)  # thousands of small files
            except OSError as err:
                raise DataError(f"{path}: can't be written: {err}") from err
        progress("speaking", done, len(takes))
    return root


def _takes(words: WordSet, root: Path) -> Iterator[tuple[Path, SpokenLabel, str, np.random.Generator]]:
    """Every clip: its file, and a generator of its own, so that it does not matter which are there already."""
    for i, label in enumerate(words.labels):
        for j, speaker in enumerate(words.speakers):
            for take in range(label.takes):
                path = root / label.label / f"{speaker}_nohash_{take}.wav"
                yield path, label, speaker, np.random.default_rng([words.seed, i, j, take])


def _say(words: WordSet, label: SpokenLabel, speaker: str, rng: np.random.Generator) -> bytes:
    accent, word, carrier = (str(rng.choice(choices)) for choices in (words.accents, label.words, words.carriers))
    rate, pitch, pitch_range = (float(rng.uniform(*ends)) for ends in (words.rate, words.pitch, words.pitch_range))
    voice = find_voice(f"{accent}+{speaker}")
    speech = speak(carrier.format(word), voice, rate=rate, pitch=pitch, pitch_range=pitch_range)
    samples = resample(speech.samples, speech.sample_rate, words.sample_rate)
    centre = round(_middle(speech, word) * words.sample_rate)
    return encode_wav(_cut(samples, centre, round(words.clip_seconds * words.sample_rate)), words.sample_rate)


def _middle(speech: Speech, word: str) -> float:
    """The middle of `word` in seconds, or of all where the synthesiser does not tell it."""
    for said in speech.words:
        if said.text.lower() == word.lower():
            return (said.start + said.end) / 2
    return len(speech.samples) / speech.sample_rate / 2


def _cut(samples: NDArray[np.float32], centre: int, length: int) -> NDArray[np.float32]:
    """`length` samples around `centre`, with zeros where there are none."""
    padded = np.pad(samples, length)
    start = centre - length // 2 + length
    return padded[start : start + length]
