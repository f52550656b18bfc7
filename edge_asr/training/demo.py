"""The demo: from no data at all to an int8 model that hears its words in a sentence, offline, in a few minutes.

Everything it calls is what `invoke train`, `quantize`, `evaluate` and `edge-asr listen` call.
"""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.clips import DataSet
from edge_asr.data.readers import read_dataset
from edge_asr.data.tables import Prepared
from edge_asr.data.voices import SpokenWord, find_voice, speak
from edge_asr.data.voices.word_set import WordSet, speak_words
from edge_asr.files import write_whole
from edge_asr.frontend.resample import resample
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.runtime.events import Detection
from edge_asr.training.backend import load_keras
from edge_asr.training.demo_words import DIALOGUE, WORDS
from edge_asr.training.evaluate import Evaluation, evaluate
from edge_asr.training.labelled import split_clips
from edge_asr.training.pipeline import prepare_dataset
from edge_asr.training.recipe import Recipe, load_recipe
from edge_asr.training.report import write_report

if TYPE_CHECKING:
    from edge_asr.training.history import History

RECIPE = Path(__file__).parents[2] / "models" / "demo" / "recipe.toml"
PAUSE_SECONDS = 0.4
"""Between two lines of the dialogue."""

Say: TypeAlias = Callable[[str], None]
"""Takes a line that tells what happens."""


@dataclass(frozen=True)
class Dialogue:
    """The sound that the model listens to at the end, and what is said in it."""

    samples: NDArray[np.float32]
    keywords: tuple[SpokenWord, ...]
    """The labels among its words, with their times in seconds."""


@dataclass(frozen=True)
class DemoResult:
    """What the demo leaves."""

    bundle: Path
    report: Path
    dialogue_file: Path
    evaluation: Evaluation
    keywords: tuple[SpokenWord, ...]
    """What was said to the model."""
    detections: tuple[Detection, ...]
    """What it heard."""


def run_demo(
    folder: Path,
    progress: Progress = no_progress,
    say: Say = lambda line: None,
    *,
    recipe: Recipe | None = None,
    words: WordSet = WORDS,
    workers: int = 2,
) -> DemoResult:
    """Speak words, train, quantise, evaluate and listen, all in `folder`; interrupted, it goes on where it was.

    `recipe`: instead of the one in `models/demo`. Raises what these steps raise.
    """
    recipe = recipe or load_recipe(RECIPE)
    say(f"1/5  Speaking the words: {', '.join(recipe.data.labels[2:])}, and others, in {len(words.speakers)} voices")
    dataset = read_dataset(recipe.data, speak_words(words, folder, progress=progress))
    say(f"     {dataset.summary()}")
    say("2/5  Computing features of every clip and of its noisy copies")
    prepared = prepare_dataset(recipe, dataset, cache_dir=folder / "cache", workers=workers, progress=progress)
    bundle = folder / "bundle"
    history = _make_bundle(recipe, prepared, folder / "run", bundle, progress, say)
    engine = load_engine(bundle)
    evaluation, report = _judge(engine, recipe, dataset, history, folder, progress, say)
    dialogue_file = folder / "dialogue.wav"
    dialogue = speak_dialogue(DIALOGUE, engine)
    write_whole(dialogue_file, encode_wav(dialogue.samples, engine.manifest.frontend.sample_rate))
    detections = _listen(engine, dialogue, say)
    say("")
    say(f"The model:  {bundle}")
    say(f"The report: {report}")
    say(f"Try next:   {_command()} listen --bundle {bundle} --input {dialogue_file}")
    return DemoResult(bundle, report, dialogue_file, evaluation, dialogue.keywords, detections)


def _command() -> str:
    """How the installed command is called from here: by its path, unless it is on the PATH."""
    script = Path(sysconfig.get_path("scripts")) / "edge-asr"
    if shutil.which("edge-asr") == str(script):
        return "edge-asr"
    return str(script.relative_to(Path.cwd()) if script.is_relative_to(Path.cwd()) else script)


def _make_bundle(recipe: Recipe, prepared: Prepared, run: Path, bundle: Path, progress: Progress, say: Say) -> History:
    """Train and quantise."""
    say(f"     {prepared.summary}")
    say("3/5  Training the network, and making it int8")
    # TensorFlow takes seconds to load: not before there is something to read.
    load_keras()
    from edge_asr.training.fit import train
    from edge_asr.training.quantize import quantize

    trained = train(recipe, prepared, run, resume=True, progress=progress)
    say(f"     {len(trained.history)} epochs, validation accuracy {_percent(trained.kept.validation_accuracy)}")
    quantized = quantize(run, prepared, bundle, progress=progress)
    check = quantized.validation
    if check:
        say(
            f"     int8: {quantized.model_bytes:,} bytes, validation accuracy {_percent(check.int8_accuracy)}, "
            f"same answer as float for {_percent(check.agreement)}"
        )
    return trained.history


def _judge(
    engine: Engine, recipe: Recipe, dataset: DataSet, history: History, folder: Path, progress: Progress, say: Say
) -> tuple[Evaluation, Path]:
    """Evaluate the bundle on the voices that training did not hear, and write the report."""
    say("4/5  Judging the int8 model on voices that it has not heard")
    clips = split_clips(dataset, recipe.data, "test", engine)
    evaluation = evaluate(engine, clips, data="synthetic words, test voices", progress=progress)
    report = folder / "report.html"
    write_report(report, evaluation, history=history, quantized=engine.manifest.provenance.get("quantize"))
    say(f"     accuracy {evaluation.accuracy} on {evaluation.clips} clips of {evaluation.speakers} voices")
    return evaluation, report


def speak_dialogue(lines: Sequence[tuple[str, str]], engine: Engine) -> Dialogue:
    """Let voices speak `lines`, (voice's name, text), one after another, at the engine's sample rate."""
    rate = engine.manifest.frontend.sample_rate
    parts: list[NDArray[np.float32]] = []
    keywords: list[SpokenWord] = []
    start = 0.0
    for voice, text in lines:
        speech = speak(text, find_voice(voice))
        for word in speech.words:
            if word.text.lower() in engine.labels:
                keywords.append(SpokenWord(word.text.lower(), start + word.start, start + word.end))
        parts += [resample(speech.samples, speech.sample_rate, rate), np.zeros(round(PAUSE_SECONDS * rate), np.float32)]
        start = sum(map(len, parts)) / rate
    return Dialogue(np.concatenate(parts), tuple(keywords))


def heard(word: SpokenWord, detections: Sequence[Detection]) -> Detection | None:
    """The first detection of `word` whose time fits."""
    fitting = (d for d in detections if d.label == word.text and d.start < word.end and d.end > word.start)
    return next(fitting, None)


def _listen(engine: Engine, dialogue: Dialogue, say: Say) -> tuple[Detection, ...]:
    say("5/5  Listening to two voices that it has not heard either:")
    for voice, text in DIALOGUE:
        say(f"     {voice}: {text}")
    stream = engine.stream()
    events = stream.accept(dialogue.samples) + stream.finish()
    detections = tuple(event for event in events if isinstance(event, Detection))
    fitting = {id(heard(word, detections)): word for word in dialogue.keywords}
    for found in detections:
        word = fitting.get(id(found))
        truth = f"said from {word.start:.2f} to {word.end:.2f} s" if word else "not said"
        say(f"     {found.end:6.2f} s  {found.label:<10} score {found.score:.2f}  ({truth})")
    hits = sum(heard(word, detections) is not None for word in dialogue.keywords)
    wrong = len(detections) - sum(id(found) in fitting for found in detections)
    say(f"     {hits} of {len(dialogue.keywords)} words heard, {wrong} false detections")
    return detections


def _percent(share: float | None) -> str:
    return "n/a" if share is None else f"{100 * share:.1f} %"
