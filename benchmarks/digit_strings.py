"""Ten-digit numbers as people read them out, to measure a recogniser of digits with: a folder with a manifest.

    python benchmarks/digit_strings.py OUT --recordings DATA/speech_commands --recordings DATA/fsdd --noise DATA/noise
    invoke evaluate --bundle models/digits --data OUT

Digits of the recordings' test speakers are strung together, and synthetic voices that no recogniser is trained on read numbers:
English accents, and voices of sixteen other languages that read English respelt for them. They part numbers as people do, with
breath, paper and lips in the pauses, in rooms, at all levels, with noise, a third of them through telephone codecs that lose
packets. `--clean` leaves all of that out: recorded digits in one go. No sound here is to be committed.
"""

from __future__ import annotations

import argparse
import json
from itertools import cycle
from pathlib import Path

import numpy as np

from edge_asr.data.clips import SPLITS
from edge_asr.data.negatives import ALL_SUFFIXES
from edge_asr.data.number_readers import Reader, recorded_readers, voice_readers
from edge_asr.data.number_reading import read_numbers, string_numbers
from edge_asr.data.sound_pool import PoolFiles, read_pool
from edge_asr.data.speech_spec import DIGITS
from edge_asr.data.transcribed import read_transcribed
from edge_asr.data.voices.phrases import SAMPLE_RATE
from edge_asr.data.walk import audio_files
from edge_asr.files import write_whole
from edge_asr.runtime.encode_wav import encode_wav


def main() -> None:
    parser = argparse.ArgumentParser(description="Numbers read aloud, in a folder with a manifest.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--recordings", type=Path, action="append", default=[], help="data set of single words")
    parser.add_argument("--split", default="test", choices=SPLITS, help="of the recordings")
    parser.add_argument("--noise", type=Path, action="append", default=[])
    parser.add_argument("--voices", type=int, default=60)
    parser.add_argument("--held", type=float, nargs=2, default=(15.0, 10.0), help="percent of voices kept for validation, test")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--digits", type=int, nargs=2, default=(10, 10))
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    readers = find_readers(args, rng)
    files = tuple(path for place in args.noise for path in audio_files(place, deep=True, suffixes=ALL_SUFFIXES)[0])
    noises = read_pool(PoolFiles(noise=files), SAMPLE_RATE, "test").noise
    digits = tuple(args.digits)
    numbers = string_numbers(readers, args.count, digits, rng)
    if not args.clean:
        numbers = read_numbers(readers, args.count, digits, noises, rng)
    lines = []
    for done, one in enumerate(numbers):
        name = f"{done:04d}.wav"
        write_whole(args.out / name, encode_wav(one.samples, SAMPLE_RATE), sync=False)
        about = {"text": one.text, "speaker": one.speaker, "licence": one.licence, "about": one.about}
        lines.append(json.dumps({"audio": name, **about, "split": "test"}, ensure_ascii=False))
    write_whole(args.out / "manifest.jsonl", ("\n".join(lines) + "\n").encode())
    many = len({reader.speaker for reader in readers})
    print(f"{args.out}: {len(lines)} numbers by {many} readers. Next: invoke evaluate --bundle BUNDLE --data {args.out}")


def find_readers(args: argparse.Namespace, rng: np.random.Generator) -> list[Reader]:
    """People and voices by turns: half of the numbers are made of real recordings."""
    digits = frozenset(DIGITS)
    found = [one for place in args.recordings for one in read_transcribed(place, words=digits).utterances]
    people = recorded_readers(one for one in found if one.split == args.split)
    voices = voice_readers(args.voices, tuple(args.held), rng) if args.voices else ()
    if not people and not voices:
        raise SystemExit("expected --recordings FOLDER or --voices N, found neither")
    pairs = zip(cycle(people or voices), voices or people)
    return [reader for pair in pairs for reader in (pair if people and voices else pair[1:])]


if __name__ == "__main__":
    main()
