"""Recognising beside pocketsphinx, on the same audio in the same run: words wrong, speed, memory, how late the last word comes.

    python benchmarks/transcribe.py --bundle models/digits --data NUMBERS [--split test] [--most 100]

NUMBERS is transcribed speech as `invoke evaluate --data` takes it, such as `benchmarks/digit_strings.py` makes. Each contender
runs in a process of its own, on one core, fed in chunks of 80 ms with a second of silence around each utterance. They take turns
for some rounds, and the least CPU time of each utterance counts: a busy machine only ever adds to it. pocketsphinx
(`pip install 'edge-asr[bench]'`) gets what the bundle has: its grammar (less words that its dictionary lacks), a loop over its
words, or else its own model of English; it is told where utterances end. The bundle finds that out by itself, with the gate.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE, CHUNK, PAD = 16000, 1280, 16000
"""Hz; samples of a chunk and of the silence on either side."""

Sound = NDArray[np.int16]


@dataclass(frozen=True)
class Heard:
    """What one utterance came to."""

    text: str
    seconds: float
    """CPU time of all of it."""
    final: float
    """CPU time from the end of the speech on, up to the final result; the longest, where there are several."""
    memory: float
    """MiB that the process has resident."""


def main() -> None:
    parser = argparse.ArgumentParser(description="A recogniser beside pocketsphinx.")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--most", type=int, default=100, help="utterances")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    said, sounds = utterances(args.bundle, args.data, args.split, args.most)
    contenders: dict[str, Callable[[Sound], Heard]] = {f"edge_asr, {args.bundle.name}": Ours(args.bundle)}
    if find_spec("pocketsphinx"):
        contenders["pocketsphinx"] = Sphinx(search_of(args.bundle))
    else:
        print("pocketsphinx is not installed: pip install 'edge-asr[bench]'", file=sys.stderr)
    found = measure(contenders, sounds, args.rounds)
    seconds = sum(map(len, sounds)) / RATE
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, one core")
    print(f"{args.data.name}: {len(said)} utterances, {seconds:.0f} s; the least of {args.rounds} rounds\n")
    show(found, said, seconds)


def utterances(bundle: Path, data: Path, split: str, most: int) -> tuple[list[str], list[Sound]]:
    """What is said, and the sound of it, less what the bundle can't know."""
    from edge_asr.runtime.speech_engine import load_speech_engine
    from edge_asr.training.conditions import CLEAN
    from edge_asr.training.rendering import Rendering
    from edge_asr.training.speech_hear import load_utterance
    from edge_asr.training.speech_subjects import SpeechPlace, read_subjects

    engine = load_speech_engine(bundle)
    if engine.sample_rate != RATE:
        raise SystemExit(f"{bundle}: pocketsphinx listens at {RATE} Hz, this bundle does not")
    subjects, _ = read_subjects(engine, SpeechPlace(data, split=split, most=most))
    inside = [one.utterance for one in subjects if not one.outside]
    rendering = Rendering(RATE)
    return [one.text for one in inside], [rendering.sound(one.id, load_utterance(one, RATE), CLEAN) for one in inside]


@dataclass(frozen=True)
class Search:
    """What pocketsphinx is to expect: a graph of words that starts in state 0."""

    states: int
    arcs: tuple[tuple[int, int, str], ...]
    finals: tuple[int, ...]


def search_of(bundle: Path) -> Search | None:
    """The bundle's grammar, or a loop over its words; None: any English."""
    from edge_asr.runtime.speech_engine import load_speech_engine

    engine = load_speech_engine(bundle)
    if engine.grammar is not None:
        arcs = sorted({(arc.source, arc.target, arc.word) for arc in engine.grammar.arcs})
        finals = sorted({final.state for final in engine.grammar.finals})
        return Search(engine.grammar.states, tuple(arcs), tuple(finals))
    if engine.spec.unit == "words":
        return Search(2, tuple((state, 1, word) for word in engine.tokens[1:] for state in (0, 1)), (1,))
    return None


@dataclass(frozen=True)
class Ours:
    """The bundle's stream, as `edge-asr transcribe` runs it."""

    bundle: Path

    def __call__(self, sound: Sound) -> Heard:
        from edge_asr.runtime.events import Final

        stream, hang_over = _stream(self.bundle)
        stream.reset()
        texts: list[str] = []
        costs: list[float] = []
        last = 0.0
        calls = [partial(stream.accept, sound[at : at + CHUNK]) for at in range(0, len(sound), CHUNK)]
        for call in (*calls, stream.finish):
            before = process_time()
            events = call()
            costs.append(process_time() - before)
            for event in events:
                if isinstance(event, Final):
                    texts += [event.text] * event.accepted
                    last = max(last, sum(costs[-hang_over:]))
        return Heard(" ".join(texts), sum(costs), last, resident())


@dataclass(frozen=True)
class Sphinx:
    """pocketsphinx with its own English acoustic model."""

    search: Search | None

    def __call__(self, sound: Sound) -> Heard:
        decoder, spent = _sphinx(self.search), 0.0
        decoder.start_utt()
        final = 0.0
        for at in range(0, len(sound), CHUNK):
            before = process_time()
            decoder.process_raw(sound[at : at + CHUNK].tobytes(), False, False)
            spent += process_time() - before
        before = process_time()
        decoder.end_utt()
        found = decoder.hyp()
        final = process_time() - before
        return Heard(found.hypstr if found else "", spent + final, final, resident())


@lru_cache(maxsize=1)
def _stream(bundle: Path) -> tuple[Any, int]:
    """The stream, and chunks from the end of the speech to the final result."""
    from edge_asr.runtime.speech_engine import load_speech_engine
    from edge_asr.runtime.speech_stream import SpeechStream

    engine = load_speech_engine(bundle)
    endpoint = engine.spec.endpoint
    return SpeechStream(engine, engine.decoder(), endpoint), 2 + round(endpoint.hang_over_ms / 1000 * RATE / CHUNK)


@lru_cache(maxsize=1)
def _sphinx(search: Search | None) -> Any:
    from pocketsphinx import Decoder

    if search is None:
        return Decoder(samprate=RATE, loglevel="FATAL")
    decoder = Decoder(samprate=RATE, lm=None, loglevel="FATAL")
    known = [arc for arc in search.arcs if decoder.lookup_word(arc[2])]
    leaving = Counter([source for source, _, _ in known] + list(search.finals))
    ways = [(source, target, 1 / leaving[source], word) for source, target, word in known]
    ends = [(state, search.states, 1 / leaving[state]) for state in search.finals]
    decoder.add_fsg("search", decoder.create_fsg("search", 0, search.states, [*ways, *ends]))
    decoder.activate_search("search")
    return decoder


def resident() -> float:
    """MiB of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(contenders: dict[str, Callable[[Sound], Heard]], sounds: Sequence[Sound], rounds: int) -> dict[str, list[Heard]]:
    """What each contender made of each sound, with the least times of all rounds."""
    spawn = multiprocessing.get_context("spawn")
    pools = {name: ProcessPoolExecutor(1, mp_context=spawn, initializer=_one_core) for name in contenders}
    found: dict[str, list[Heard]] = {}
    for number in range(rounds):
        for name, contender in contenders.items():
            heard = list(pools[name].map(contender, sounds))
            best = found.get(name, heard)
            found[name] = [
                replace(new, seconds=min(old.seconds, new.seconds), final=min(old.final, new.final))
                for old, new in zip(best, heard)
            ]
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    for pool in pools.values():
        pool.shutdown()
    return found


def _one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def show(found: dict[str, list[Heard]], said: Sequence[str], seconds: float) -> None:
    """The table."""
    from edge_asr.training.word_errors import count_errors

    print(
        "| | word errors | substituted, inserted, deleted | times real time | CPU to the final result, ms: median, 95 % | MiB |"
    )
    print("|---|---|---|---|---|---|")
    speed, memory = {}, {}
    for name, heard in found.items():
        errors = count_errors(said, [one.text for one in heard])
        speed[name] = seconds / sum(one.seconds for one in heard)
        memory[name] = max(one.memory for one in heard)
        median, late = np.quantile([1000 * one.final for one in heard], (0.5, 0.95))
        kinds = f"{errors.substitutions}, {errors.insertions}, {errors.deletions} of {errors.said}"
        print(f"| {name} | {errors.rate:.1%} | {kinds} | {speed[name]:.1f} | {median:.1f}, {late:.1f} | {memory[name]:.0f} |")
    ours, *others = found
    for other in others:
        fast, small = speed[ours] / speed[other], memory[ours] / memory[other]
        print(f"\n{ours}: {fast:.1f} times as fast as {other}, {small:.2f} of its memory")


if __name__ == "__main__":
    main()
