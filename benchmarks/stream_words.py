"""How a bundle does on a stream: words of a Speech Commands split strung together, and false detections in other speech.

    python benchmarks/stream_words.py --bundle models/commands12 --words speech_commands/ --speech ljspeech/

The words stand 0.5 to 1.5 s apart, in random order, over quiet noise of the data set. A word is detected when its label is
reported between its clip's beginning and 0.7 s after its end; every other report is wrong. In `--speech` every report counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.audio_file import read_audio
from edge_asr.data.clips import DataSet
from edge_asr.data.readers import read_dataset
from edge_asr.data.spec import DataSpec
from edge_asr.data.walk import audio_files
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.runtime.events import Detection

LATE_SECONDS = 0.7
NOISE_GAIN = 0.05


@dataclass(frozen=True)
class Said:
    word: str
    start: float
    end: float


def main() -> None:
    parser = argparse.ArgumentParser(description="Detections of words in a stream, and false ones in other speech.")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--words", type=Path, required=True, help="folder of Speech Commands")
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--speech", type=Path, nargs="*", default=[], help="folders of speech that is not for the model")
    args = parser.parse_args()
    engine = load_engine(args.bundle)
    spec = DataSpec(reader="speech_commands", labels=engine.labels)
    sound, said = strung_together(read_dataset(spec, args.words), args.split, engine.manifest.frontend.sample_rate)
    commands = [one for one in said if one.word in engine.labels]
    found = detections(engine, [sound])
    delays = [next((event.end - one.end for event in found if hit(event, one)), None) for one in commands]
    hits = [delay for delay in delays if delay is not None]
    wrong = sum(not any(hit(event, one) for one in commands) for event in found)
    minutes = len(sound) / engine.manifest.frontend.sample_rate / 60
    share = f"{len(hits)} of {len(commands)} words detected ({len(hits) / len(commands):.1%})"
    print(f"{args.split}: {share}, {wrong} wrong in {minutes:.0f} minutes")
    if hits:
        print(f"median delay: {np.median(hits):+.2f} s from the end of the clip, in which a word is about in the middle")
    for folder in args.speech:
        parts = [read_audio(path, engine.manifest.frontend.sample_rate) for path in audio_files(folder, deep=True)[0]]
        hours = sum(map(len, parts)) / engine.manifest.frontend.sample_rate / 3600
        count = len(detections(engine, parts))
        print(f"{folder.name}: {count} false detections in {hours:.2f} hours, {count / hours:.0f} an hour")


def strung_together(dataset: DataSet, split: str, rate: int) -> tuple[NDArray[np.float32], list[Said]]:
    """The split's clips in one sound, and where they are."""
    rng = np.random.default_rng(0)
    clips = [clip for clip in dataset.clips if clip.split == split]
    parts, said, at = [], [], 0
    for index in rng.permutation(len(clips)):
        samples = read_audio(clips[index].path, rate)
        gap = int(rng.uniform(0.5, 1.5) * rate)
        parts += [np.zeros(gap, np.float32), samples]
        said.append(Said(clips[index].word, (at + gap) / rate, (at + gap + len(samples)) / rate))
        at += gap + len(samples)
    noise = NOISE_GAIN * np.resize(read_audio(dataset.noises[0], rate), at)
    return np.clip(np.concatenate(parts) + noise, -1, 1).astype(np.float32), said


def detections(engine: Engine, parts: Iterable[NDArray[np.float32]]) -> list[Detection]:
    stream = engine.stream()
    events = [event for part in parts for event in stream.accept(part)]
    return [event for event in [*events, *stream.finish()] if isinstance(event, Detection)]


def hit(event: Detection, said: Said) -> bool:
    return event.label == said.word and said.start <= event.end <= said.end + LATE_SECONDS


if __name__ == "__main__":
    main()
