"""The self-test's clip: words that the bundle surely hears, said by a synthetic voice of this workstation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.store import Bundle
from edge_asr.data.audio_file import read_audio
from edge_asr.data.voices import find_engines
from edge_asr.data.voices.jobs import PhraseJob
from edge_asr.data.voices.phrases import speak_phrases
from edge_asr.data.voices.voice import Delivery, Voice
from edge_asr.deploy.clip_texts import SEED, clip_texts, language_of, spoken
from edge_asr.errors import AudioError, DeployError, SynthesisError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.accelerator import NONE, Accelerator
from edge_asr.runtime.board import RunSpec
from edge_asr.runtime.hear_clip import Expected, difference, expect, hear, load_runner
from edge_asr.runtime.interpreter import Kernels

WORDS, TEXTS = 3, 12
"""Texts in a clip, and so many are tried."""
QUICK_VOICES, SLOW_VOICES = 16, 4
"""So many are asked to say each."""
SLOW = ("piper", "kokoro")
"""Neural engines, which take seconds to load."""
PAUSE_S = 1.2
"""Seconds before, between and behind the words: longer than what ends an utterance, and than a detection keeps others off."""
NOISE_RMS = 16.0
"""Of int16 samples, -66 dBFS: no room is as quiet as zeros."""
LONGEST_S = 60.0
"""Seconds of a user's clip."""


def make_clip(bundle: Bundle, run: RunSpec, cache: Path, *, progress: Progress = no_progress) -> NDArray[np.int16]:
    """A clip, int16 (n,) at the bundle's rate, of up to `WORDS` texts that this bundle understands when it runs as `run` says.

    The same for the same bundle, voices and software. Each text is said by one voice after the other until it is heard, by
    fast and portable kernels alike. What was said stays below `cache`. Raises `DeployError` when nothing was heard, and
    `SynthesisError` when there is no voice for the bundle's language.
    """
    ears = _Ears(bundle, run)
    voices = _voices(language_of(bundle.manifest))
    said: dict[str, NDArray[np.int16]] = {}
    for text in clip_texts(bundle)[:TEXTS]:
        progress("self-test clip", len(said), WORDS)
        for voice in voices if len(said) < WORDS else ():
            take = _say(text, voice, cache / "voices", ears.sample_rate)
            if take is not None and ears.understand([*said, text], ears.in_silence([*said.values(), take])):
                said[text] = take
                break
    progress("self-test clip", WORDS, WORDS)
    if not said:
        raise DeployError(
            f"no self-test clip: {bundle.manifest.name} understood none of {len(voices)} synthetic voices; record what it "
            "understands and pack with --clip FILE, or install better voices (invoke voices says which there are)"
        )
    return ears.in_silence(list(said.values()))


def read_user_clip(path: Path, sample_rate: int) -> NDArray[np.int16]:
    """The user's own clip, int16 (n,) at `sample_rate`. Raises `AudioError` when it is none, or lasts for more than a minute."""
    samples = read_audio(path, sample_rate)
    if len(samples) > LONGEST_S * sample_rate:
        raise AudioError(f"{path}: expected a clip of at most {LONGEST_S:g} s, found {len(samples) / sample_rate:.1f} s; cut it")
    return _as_int16(samples)


def expect_events(bundle: Bundle, run: RunSpec, clip: NDArray[np.int16]) -> Expected:
    """What a board must hear in `clip`, (n,) at the bundle's rate.

    Raises `DeployError` when it is nothing, or something that portable kernels hear otherwise: it hangs on last bits.
    """
    expected, problem = _Ears(bundle, run).hear(clip)
    if not expected.events:
        raise DeployError(f"{bundle.manifest.name} hears nothing in the self-test's clip; choose another one: --clip FILE")
    if problem:
        raise DeployError(
            f"the self-test's clip is a close call for {bundle.manifest.name}: other kernels hear it otherwise ({problem}); "
            "choose another one: --clip FILE"
        )
    return expected


def on_workstation(run: RunSpec) -> RunSpec:
    """`run` without its accelerator, in the form that it would have taken: where there is no such device, the CPU must do."""
    if run.accelerator.delegate == NONE:
        return run
    return replace(run, form="stream" if run.form == "stream" else "window", accelerator=Accelerator())


class _Ears:
    """The bundle with fast kernels and with portable ones, whichever the target runs first."""

    def __init__(self, bundle: Bundle, run: RunSpec) -> None:
        here = on_workstation(run)
        other: Kernels = "builtin" if run.kernels == "default" else "default"
        self._engine, self._other = load_runner(bundle, here), load_runner(bundle, replace(here, kernels=other))
        self._free = bundle.manifest.speech is not None and bundle.manifest.speech.unit != "words" and not bundle.assets
        self.sample_rate = bundle.manifest.frontend.sample_rate

    def hear(self, clip: NDArray[np.int16]) -> tuple[Expected, str]:
        """What the target should hear, and in what the other kernels hear otherwise (empty: in nothing)."""
        expected = expect(self._engine, clip)
        return expected, difference(expected, hear(self._other, clip))

    def understand(self, texts: Sequence[str], clip: NDArray[np.int16]) -> bool:
        """Are `texts` heard, and nothing else, with both? A recogniser of free text need only write something for each."""
        expected, problem = self.hear(clip)
        what = [event.what for event in expected.events]
        return not problem and (len(what) == len(texts) if self._free else what == [*texts])

    def in_silence(self, takes: Sequence[NDArray[np.int16]]) -> NDArray[np.int16]:
        """The takes with a pause before, between and behind them, in faint noise that is always the same."""
        pause = np.zeros(round(PAUSE_S * self.sample_rate), np.int16)
        clip = np.concatenate([pause, *(part for take in takes for part in (take, pause))]).astype(np.float64)
        noise = np.random.default_rng(SEED).normal(0.0, NOISE_RMS, len(clip))
        return np.clip(np.rint(clip + noise), -32768, 32767).astype(np.int16)


def _voices(language: str) -> list[Voice]:
    """Some voices of each engine, those first that are quick: a test needs no natural voice."""
    engines = find_engines(language)
    quick, slow = ([engine.voices for engine in engines if (engine.name in SLOW) is is_slow] for is_slow in (False, True))
    found = [*islice(_in_turn(quick), QUICK_VOICES), *islice(_in_turn(slow), SLOW_VOICES)]
    if not found:
        raise SynthesisError(
            f"no self-test clip: no voice speaks {language!r:.80}; record what the bundle understands and pack with --clip FILE, "
            "or install voices (pip install 'edge-asr[synth]')"
        )
    return found


def _in_turn(voices: Sequence[Sequence[Voice]]) -> Iterator[Voice]:
    """The first voice of every engine, then the second of each, and so on."""
    return (voice for some in zip_longest(*voices) for voice in some if voice is not None)


def _say(text: str, voice: Voice, folder: Path, sample_rate: int) -> NDArray[np.int16] | None:
    """int16 (n,), or None where this voice can't say it."""
    try:
        (phrase,) = speak_phrases([PhraseJob(spoken(text), voice, Delivery())], folder)
    except SynthesisError:
        return None
    return _as_int16(read_audio(phrase.path, sample_rate))


def _as_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)
