"""What a recogniser can learn from on this machine: recordings with transcripts, voices, other speech, noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from edge_asr.data.clips import SPLITS, LeftOut, Split
from edge_asr.data.excerpt import Excerpt
from edge_asr.data.negatives import Negatives, read_negatives
from edge_asr.data.speech_rows import SpeechRow, empty_rows, recording_rows, string_rows
from edge_asr.data.speech_script import write_script
from edge_asr.data.speech_spec import SpeechSpec
from edge_asr.data.speech_voices import speak_script
from edge_asr.data.transcribed import read_transcribed
from edge_asr.data.utterance import Utterance
from edge_asr.data.voice_splits import split_voices, voices_of
from edge_asr.data.voices.usage import SpeechSummary
from edge_asr.progress import Progress, no_progress


@dataclass(frozen=True)
class SpeechPlaces:
    """Where recordings lie. No part of a recipe: they are elsewhere on another machine."""

    data: tuple[Path, ...] = ()
    """Recordings with transcripts: folders, archives, data sets."""
    negatives: tuple[Path, ...] = ()
    """Speech and noise in which nothing is to be written."""
    noise: tuple[Path, ...] = ()
    """Noise alone."""
    piper_voices: Path | None = None
    """Piper's voices, where they are not in the usual folder."""
    templates: Path | None = None
    """The file that `SpeechSpec.templates` names."""


@dataclass(frozen=True)
class SpeechMaterial:
    """Everything that is learnt from; nothing but what voices said has been decoded."""

    rows: tuple[SpeechRow, ...]
    noise: dict[Split, tuple[Excerpt, ...]]
    spoken: tuple[SpeechSummary, ...]
    """What the voices said, of the script and else; none when they were not asked."""
    left_out: tuple[LeftOut, ...]
    summary: str


def find_speech(
    spec: SpeechSpec,
    places: SpeechPlaces,
    copies: int,
    *,
    seed: int,
    voices_dir: Path,
    workers: int = 1,
    progress: Progress = no_progress,
) -> SpeechMaterial:
    """Find everything that `spec` asks for, and let voices say what it wants said; what they said before is kept.

    `copies`: augmented copies of each recording and each spoken sentence. Raises `DataError` for a place that is none,
    `SynthesisError` without voices, `ConfigError` for bad templates.
    """
    utterances: list[Utterance] = []
    summaries: list[str] = []
    left_out: list[LeftOut] = []
    vocabulary = frozenset(spec.words) if spec.unit == "words" else None
    for number, place in enumerate(places.data):
        found = read_transcribed(place, language=spec.language, words=vocabulary, progress=progress)
        # Two places may call different utterances the same.
        utterances += [replace(one, id=f"{number}:{one.id}") if number else one for one in found.utterances]
        left_out += found.left_out
        summaries.append(found.summary())
    spoken, others, said = _speak(spec, places, seed, voices_dir, workers, progress)
    negatives = _negatives(spec, places, progress)
    rows = list(recording_rows(utterances, copies)) if spec.recordings else []
    rows += recording_rows((*spoken, *others), copies)
    for split in SPLITS:
        rows += string_rows(spec, utterances, split, seed)
        rows += empty_rows(spec, negatives, split, seed)
    summaries += [f"{one.spoken} sentences by {len(one.voices)} voices" for one in said]
    if negatives.clips:
        summaries.append(negatives.summary())
    return SpeechMaterial(tuple(rows), _noise(negatives), said, tuple(left_out), "\n".join(summaries))


def _speak(
    spec: SpeechSpec, places: SpeechPlaces, seed: int, folder: Path, workers: int, progress: Progress
) -> tuple[tuple[Utterance, ...], tuple[Utterance, ...], tuple[SpeechSummary, ...]]:
    """What voices said of the script, and of other sentences, of which a closed set of words writes what it knows."""
    if not spec.takes and not spec.other_takes:
        return (), (), ()
    found = voices_of(spec.language, spec.engines, "speech.engines", places.piper_voices)
    voices = split_voices(found, spec.validation_percent, spec.test_percent)
    script, other = write_script(spec, places.templates, seed)
    spoken, of_script = speak_script("voices", script, voices, folder, seed=seed, workers=workers, progress=progress)
    others, of_others = speak_script("others", other, voices, folder, seed=seed, workers=workers, progress=progress)
    if spec.unit == "words":
        others = tuple(replace(one, text=_known(one.text, spec.words)) for one in others)
    return spoken, others, (of_script, of_others)


def _known(text: str, words: tuple[str, ...]) -> str:
    """What a closed set of words writes of `text`."""
    return " ".join(word for word in text.split() if word in words)


def _negatives(spec: SpeechSpec, places: SpeechPlaces, progress: Progress) -> Negatives:
    found = Negatives()
    if places.negatives:
        found += read_negatives(places.negatives, phrases=spec.unheard, progress=progress)
    if places.noise:
        found += read_negatives(places.noise, kind="noise", progress=progress)
    return found


def _noise(negatives: Negatives) -> dict[Split, tuple[Excerpt, ...]]:
    return {
        split: tuple(Excerpt(clip.path, clip.start, clip.start + clip.seconds) for clip in negatives.of(split, "noise"))
        for split in SPLITS
    }
