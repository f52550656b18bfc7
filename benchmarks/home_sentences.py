"""Spoken commands, and sentences that are none, by voices that no recogniser is trained on: a folder with a manifest.

    python benchmarks/home_sentences.py OUT --count 400 --others 200 --near 200
    invoke evaluate --bundle models/home --data OUT

Commands are drawn from the bundle's templates. Of the others some are what people say to an assistant or to each other
(`other_commands.yaml`), some are words drawn from the language, and the near ones are commands of which one word is another: the
hardest. `--split validation` takes the voices that choose a limit. No sound here is to be committed.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge_asr.data.audio_file import read_audio
from edge_asr.data.sentences import other_sentences
from edge_asr.data.speech_script import Script
from edge_asr.data.speech_voices import speak_script
from edge_asr.data.templates import Templates, read_templates, recognize, sample_sentences
from edge_asr.data.voice_splits import split_voices, voices_of
from edge_asr.data.voices.phrases import SAMPLE_RATE
from edge_asr.data.word_list import frequent_words
from edge_asr.files import write_whole
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.training.console import progress_bars

NEAR_WORDS = 3000
"""Most frequent words of English, of which one takes the place of a command's word."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Commands and other sentences, spoken, in a folder with a manifest.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--templates", type=Path, default=Path("models/home/home.yaml"))
    parser.add_argument("--split", default="test", choices=("validation", "test"), help="of the voices")
    parser.add_argument("--held", type=float, nargs=2, default=(15.0, 10.0), help="percent of voices kept for validation, test")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--others", type=int, default=200)
    parser.add_argument("--near", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    templates = read_templates(args.templates)
    voices = split_voices(voices_of("en", (), "engines"), *args.held)
    lines: list[str] = []
    for kind, texts in _texts(templates, args, rng):
        script: Script = {"train": (), "validation": (), "test": (), args.split: texts}
        with progress_bars() as progress:
            spoken, _ = speak_script(
                kind, script, voices, args.out / "cache", seed=args.seed, workers=os.cpu_count() or 1, progress=progress
            )
        for one in spoken:
            name = f"{len(lines):04d}.wav"
            write_whole(args.out / name, encode_wav(read_audio(one.path, SAMPLE_RATE), SAMPLE_RATE), sync=False)
            about = {"text": one.text, "speaker": one.speaker, "licence": one.licence, "kind": kind, "split": args.split}
            lines.append(json.dumps({"audio": name, **about}, ensure_ascii=False))
        print(f"{kind}: {len(spoken)} sentences by {len({one.speaker for one in spoken})} speakers")
    write_whole(args.out / "manifest.jsonl", ("\n".join(lines) + "\n").encode())
    print(f"{args.out}: {len(lines)} sentences. Next: invoke evaluate --bundle BUNDLE --data {args.out} --split {args.split}")


def _texts(templates: Templates, args: argparse.Namespace, rng: np.random.Generator) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "command", tuple(one.text for one in sample_sentences(templates, args.count, rng))
    if args.others:
        natural = sample_sentences(read_templates(Path(__file__).with_name("other_commands.yaml")), args.others, rng)
        outside = [one.text for one in natural if recognize(templates, one.text) is None]
        yield "assistant", tuple(outside[: args.others // 2])
        yield "words", other_sentences("en", args.others - args.others // 2, rng)
    if args.near:
        yield "near", tuple(_near(templates, rng) for _ in range(args.near))


def _near(templates: Templates, rng: np.random.Generator) -> str:
    """A command of three words or more with one word instead of another, so that it is a command no longer."""
    frequent = [word.text for word in frequent_words("en", NEAR_WORDS)]
    while True:
        words = sample_sentences(templates, 1, rng)[0].text.split()
        if len(words) < 3:
            continue
        words[int(rng.integers(len(words)))] = frequent[int(rng.integers(len(frequent)))]
        if recognize(templates, " ".join(words)) is None:
            return " ".join(words)


if __name__ == "__main__":
    main()
