"""From a bundle of speech and transcribed recordings to a measurement, its page and its JSON, or to a limit for refusing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edge_asr.bundle.change import rewrite_manifest
from edge_asr.errors import DataError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.speech_engine import SpeechEngine, load_speech_engine
from edge_asr.training.conditions import CLEAN, SPEECH_CONDITIONS, Condition
from edge_asr.training.judge import write_json
from edge_asr.training.judge_wake import split_named
from edge_asr.training.other_speech import OtherSpeech, hear_other_speech, sides
from edge_asr.training.rejection import Limits, RejectionChoice, choose_rejection, limit_of, rejection_curve, rejection_point
from edge_asr.training.rendering import Rendering, noise_files
from edge_asr.training.speech_decoders import UNREFUSED
from edge_asr.training.speech_evaluate import Model, SpeechEvaluation, evaluate_speech
from edge_asr.training.speech_hear import hear_utterances
from edge_asr.training.speech_json import speech_json
from edge_asr.training.speech_subjects import EVERY_SPLIT, SpeechPlace, answers_of, read_subjects

REJECTION = "rejection"
"""Key of the manifest's provenance."""


def judge_speech(
    bundle: Path,
    place: SpeechPlace,
    cache: Path,
    *,
    negatives: Sequence[Path] = (),
    noise: Sequence[Path] = (),
    conditions: tuple[Condition, ...] = SPEECH_CONDITIONS,
    report: Path | None = None,
    json_file: Path | None = None,
    workers: int = 1,
    progress: Progress = no_progress,
) -> SpeechEvaluation:
    """Measure the recogniser `bundle` on the utterances of `place`; write the page and the JSON if they are named.

    In `negatives` nothing is to be recognised, as in utterances that are not in the bundle's grammar, or say none of its words.
    `noise` is mixed with the utterances; white, pink and brown noise without it. `cache` keeps what was heard, for the next
    time. Raises any `EdgeAsrError`.
    """
    engine = load_speech_engine(bundle)
    subjects, left_out = read_subjects(engine, place, progress)
    rendering = Rendering(engine.sample_rate, conditions, noise_files(noise))
    utterances = [one.utterance for one in subjects]
    heard = hear_utterances(bundle, utterances, cache, rendering, workers=workers, progress=progress)
    answers = answers_of(heard, subjects, engine.grammar)
    other: OtherSpeech | None = None
    if negatives:
        other = hear_other_speech(bundle, engine, negatives, cache, workers=workers, progress=progress)
    limit = limit_of(engine.assets)
    evaluation = evaluate_speech(
        _model(engine),
        answers,
        data=place.name,
        seconds=sum(one.end - one.start for one in heard.utterances),
        limits=_limits(engine, *sides(answers[UNREFUSED, conditions[0].name], other, limit)),
        other_speech=other,
        left_out=(*left_out, *heard.left_out, *(other.left_out if other else ())),
    )
    if report is not None:
        from edge_asr.training.speech_report import write_speech_report

        write_speech_report(report, evaluation)
    if json_file is not None:
        write_json(json_file, speech_json(evaluation))
    return evaluation


def calibrate_speech(
    bundle: Path,
    place: SpeechPlace,
    target: float,
    cache: Path,
    *,
    negatives: Sequence[Path] = (),
    workers: int = 1,
    progress: Progress = no_progress,
) -> RejectionChoice:
    """Choose when `bundle` refuses, for accepting a share of `target` of what should be refused: see `choose_rejection`.

    The utterances and `negatives` are those of `judge_speech`, as they come; of both, the split of `place`. The manifest alone
    is rewritten, whole or not at all: `speech.max_penalty` with a grammar, else `speech.min_confidence`, and in
    `provenance["rejection"]` what it rests on. Raises any `EdgeAsrError`.
    """
    engine = load_speech_engine(bundle)
    subjects, _ = read_subjects(engine, place, progress)
    rendering = Rendering(engine.sample_rate, (CLEAN,))
    heard = hear_utterances(bundle, [one.utterance for one in subjects], cache, rendering, workers=workers, progress=progress)
    other: OtherSpeech | None = None
    if negatives:
        split = None if place.split == EVERY_SPLIT else split_named(place.split)
        other = hear_other_speech(bundle, engine, negatives, cache, split=split, workers=workers, progress=progress)
    limit = limit_of(engine.assets)
    inside, outside = sides(answers_of(heard, subjects, engine.grammar)[UNREFUSED, CLEAN.name], other, limit)
    if not outside:
        raise DataError(
            f"{place.path}: expected utterances that should be refused among the others, or --negatives FOLDER with other "
            "speech, found neither"
        )
    choice = choose_rejection(inside, outside, limit, target)
    names = ", ".join([place.name, *(path.resolve().name for path in negatives)])
    provenance = {**engine.manifest.provenance, REJECTION: evidence(choice, names)}
    value = choice.point.value
    penalised = limit == "max_penalty"
    spec = replace(engine.spec, max_penalty=value) if penalised else replace(engine.spec, min_confidence=value)
    rewrite_manifest(bundle, speech=spec, provenance=provenance)
    return choice


def evidence(choice: RejectionChoice, data: str) -> dict[str, Any]:
    """What a limit rests on, as plain values for the manifest."""
    point = choice.point
    shares = {"accepted_inside": point.inside, "accepted_outside": point.outside}
    return {
        "limit": choice.limit,
        "value": point.value,
        "target": choice.target,
        "rule": choice.rule,
        **{name: [share.hits, share.total] for name, share in shares.items()},
        "interval95_outside": [round(end, 4) for end in point.outside.interval or ()],
        "data": data,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def _limits(engine: SpeechEngine, inside: Sequence[float], outside: Sequence[float]) -> Limits | None:
    limit = limit_of(engine.assets)
    curve = rejection_curve(inside, outside, limit)
    return Limits(rejection_point(inside, outside, limit, getattr(engine.spec, limit)), curve) if outside and curve else None


def _model(engine: SpeechEngine) -> Model:
    interpreter = engine.interpreter.description
    return Model(
        engine.manifest.name,
        engine.model.sha256,
        engine.model.size,
        engine.model.form,
        f"{interpreter.package} {interpreter.version}, {interpreter.kernels} kernels",
        engine.sample_rate,
        engine.spec,
        tuple(engine.assets),
    )
