"""What recognising costs while somebody speaks: the whole chain step by step, each stage alone, and the end of an utterance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.quantization import quantize
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.bench import BenchResult, in_steps, summary, timed
from edge_asr.runtime.features import FeatureStream
from edge_asr.runtime.speech_engine import SpeechEngine
from edge_asr.runtime.speech_stream import SpeechStream


def bench_speech(engine: SpeechEngine, samples: NDArray[Any], *, progress: Progress = no_progress) -> BenchResult:
    """Measure `engine` on `samples`, (n,) int16 or float at its rate, fed step by step as a microphone would.

    All of the audio is recognised, as if the gate were always open, in utterances of the greatest length that the bundle
    allows. Decoding is as the bundle says, with its grammar or language model. Raises `AudioError` when the audio is shorter
    than 100 steps, too few for a 99th percentile.
    """
    spec = engine.manifest.frontend
    chunks = in_steps(samples, spec, engine.step_frames)
    step = len(chunks[0])
    longest = max(1, round(engine.spec.endpoint.max_utterance_s * spec.sample_rate / step))
    stream = SpeechStream(engine, engine.decoder(), None)
    stream.accept(samples[: 10 * step])  # the first calls fill caches and the interpreter's arena
    stream.reset()
    steps, whole_cpu = timed(_in_utterances(longest, stream.accept, stream.reset), chunks, "the whole chain", progress)
    parts = _parts(engine, chunks, longest, progress)
    stream.reset()
    for chunk in chunks[:longest]:
        stream.accept(chunk)
    _, final_cpu = timed(lambda _: stream.finish(), [None], "the end of an utterance", progress)
    return replace(summary(engine, step, steps, whole_cpu, parts), final_cpu_ms=1000 * final_cpu)


def _parts(engine: SpeechEngine, chunks: list[NDArray[Any]], longest: int, progress: Progress) -> dict[str, float]:
    """CPU seconds of each stage alone. From the second on, every chunk completes one step."""
    frontend = FeatureStream(engine.manifest.frontend, engine.step_frames, first=0)
    blocks: list[NDArray[np.float32]] = []
    _, frontend_cpu = timed(lambda chunk: blocks.extend(frontend.accept(chunk)), chunks, "front end", progress)
    track = engine.track()
    stored = [quantize(block, engine.model.input) for block in blocks]
    outputs: list[NDArray[np.float32]] = []
    _, model_cpu = timed(lambda frames: outputs.append(track.run(frames)), stored, "model", progress)
    decoder = engine.decoder()

    def decode(log_probs: NDArray[np.float32]) -> None:
        decoder.advance(log_probs)
        decoder.best()

    _, decoding_cpu = timed(_in_utterances(longest, decode, decoder.reset), outputs, "decoding", progress)
    return {"front end": frontend_cpu, "model": model_cpu, "decoding": decoding_cpu}


def _in_utterances(
    longest: int, work: Callable[[NDArray[Any]], object], reset: Callable[[], object]
) -> Callable[[NDArray[Any]], None]:
    """`work`, with a `reset` after every `longest` calls."""
    calls = 0

    def one(item: NDArray[Any]) -> None:
        nonlocal calls
        work(item)
        calls += 1
        if calls % longest == 0:
            reset()

    return one
