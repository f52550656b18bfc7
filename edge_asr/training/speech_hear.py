"""Letting a recogniser hear utterances and hours of other sound, in several processes, as its streams would."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr import runtime
from edge_asr.config import build, to_table
from edge_asr.data.audio_file import read_audio, read_excerpt
from edge_asr.data.cache import file_state
from edge_asr.data.clips import LeftOut
from edge_asr.data.negatives import Window, load_window
from edge_asr.data.utterance import Utterance
from edge_asr.errors import AudioError, DataError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.ctc.hypothesis import Decoder, Transcript
from edge_asr.runtime.speech_engine import SpeechEngine, load_speech_engine
from edge_asr.training.conditions import to_int16
from edge_asr.training.rendering import Rendering
from edge_asr.training.speech_decoders import UNREFUSED, decoders
from edge_asr.training.speech_tape import stretches
from edge_asr.training.trace_files import Arrays, heard

Transcripts = tuple[Transcript, ...]


@dataclass(frozen=True)
class HeardUtterances:
    """What was heard in utterances."""

    utterances: tuple[Utterance, ...]
    """Those that could be read."""
    transcripts: Mapping[tuple[str, str], tuple[Transcripts, ...]]
    """By decoder and condition, for each utterance: one for each stretch of speech."""
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class HeardStretch:
    """A stretch of speech in a stream, and what the bundle makes of it, refusing nothing."""

    window: Window
    start: float
    """Seconds in the stream."""
    end: float
    transcript: Transcript


def hear_utterances(
    bundle: Path,
    utterances: Sequence[Utterance],
    folder: Path,
    rendering: Rendering,
    *,
    workers: int = 1,
    progress: Progress = no_progress,
) -> HeardUtterances:
    """Let `bundle` hear `utterances` under each condition of `rendering`, with each of `decoders`.

    What it says is kept in files below `folder`. Raises `DataError` when no utterance can be read, and as `trace_files.heard`
    and `load_speech_engine` do.
    """
    about = [*_about(load_speech_engine(bundle)), rendering.about]
    keys = {repr([one.id, str(one.path), *file_state(one.path), one.start, one.end, *about]): one for one in utterances}
    hear = _HearUtterance(rendering)
    found = heard(bundle, hear, keys, folder, workers=workers, what="utterances", progress=progress, load=load_speech_engine)
    left_out = [LeftOut(keys[key].path, str(arrays["why"])) for key, arrays in found.items() if "why" in arrays]
    said = {key: json.loads(str(arrays["said"])) for key, arrays in found.items() if "said" in arrays}
    if not said:
        why = f"; the first of {len(left_out)} is {left_out[0].path}: {left_out[0].why}" if left_out else ""
        raise DataError(f"expected utterances to recognise, found none that can be read{why}")
    transcripts = {
        (decoder, condition.name): tuple(
            tuple(build(Transcript, one, source="kept transcript") for one in table[decoder][at]) for table in said.values()
        )
        for decoder in next(iter(said.values()))
        for at, condition in enumerate(rendering.conditions)
    }
    return HeardUtterances(tuple(keys[key] for key in said), transcripts, tuple(left_out))


def hear_streams(
    bundle: Path, windows: Sequence[Window], folder: Path, *, workers: int = 1, progress: Progress = no_progress
) -> tuple[tuple[HeardStretch, ...], tuple[LeftOut, ...]]:
    """Let `bundle` hear streams (as `edge_asr.data.negatives.streams` plans them): the speech in them, and files left out.

    Kept and raises as `hear_utterances`.
    """
    about = _about(load_speech_engine(bundle))
    keys = {repr([_files(window), *about]): window for window in windows}
    hear = _hear_stream
    found = heard(bundle, hear, keys, folder, workers=workers, what="other sound", progress=progress, load=load_speech_engine)
    left_out = [LeftOut(Path(str(path)), str(why)) for arrays in found.values() for path, why in arrays["broken"]]
    said = [
        HeardStretch(keys[key], start, end, build(Transcript, table, source="kept transcript"))
        for key, arrays in found.items()
        for start, end, table in json.loads(str(arrays["said"]))
    ]
    return tuple(said), tuple(left_out)


def load_utterance(utterance: Utterance, sample_rate: int) -> NDArray[np.float32]:
    """The utterance's sound, float32 (n,). Raises `AudioError`."""
    if utterance.end:
        return read_excerpt(utterance.path, sample_rate, utterance.start, utterance.end - utterance.start)
    return read_audio(utterance.path, sample_rate)


@dataclass(frozen=True)
class _HearUtterance:
    """What each decoder says of an utterance under each condition; or why it can't be read."""

    rendering: Rendering

    def __call__(self, engine: SpeechEngine, utterance: Utterance) -> Arrays:
        rendering = self.rendering
        try:
            samples = load_utterance(utterance, rendering.sample_rate)
        except AudioError as err:
            return {"why": np.array(str(err).removeprefix(f"{utterance.path}: "))}
        found = [stretches(engine, rendering.sound(utterance.id, samples, one)) for one in rendering.conditions]
        said = {
            name: [[to_table(stretch.decode(decoder)) for stretch in heard] for heard in found]
            for name, decoder in _decoders(engine).items()
        }
        return {"said": np.array(json.dumps(said))}


def _hear_stream(engine: SpeechEngine, window: Window) -> Arrays:
    broken: list[LeftOut] = []
    samples = to_int16(load_window(window, engine.sample_rate, broken=broken.append))
    decoder = _decoders(engine)[UNREFUSED]
    said = [[one.start, one.end, to_table(one.decode(decoder))] for one in stretches(engine, samples)]
    return {
        "said": np.array(json.dumps(said)),
        "broken": np.array([[str(item.path), item.why] for item in broken], np.str_).reshape(-1, 2),
    }


@lru_cache(maxsize=1)
def _decoders(engine: SpeechEngine) -> Mapping[str, Decoder]:
    """Made once in each process: the graph of a large grammar takes a while."""
    return decoders(engine)


def _about(engine: SpeechEngine) -> list[Any]:
    """What transcripts depend on beside model and sound: the settings, the other files, and the code that hears and decodes."""
    return [to_table(engine.spec), [asset.sha256 for asset in engine.manifest.assets], _code()]


@lru_cache(maxsize=1)
def _code() -> str:
    sources = sorted(path for place in runtime.__path__ for path in Path(place).rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _files(window: Window) -> list[Any]:
    return [[str(piece.clip.path), *file_state(piece.clip.path), piece.start, piece.seconds, piece.at] for piece in window.pieces]
