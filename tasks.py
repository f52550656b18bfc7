"""The workstation's commands: `./bootstrap TASK ...`, or `invoke TASK ...` inside the virtual environment."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from invoke import Context

from edge_asr.errors import ConfigError, EdgeAsrError
from edge_asr.tasks.cache import cache
from edge_asr.tasks.command import command, number
from edge_asr.tasks.deploy import deploy, logs, remove, status
from edge_asr.tasks.emulate import emulate
from edge_asr.tasks.export import edgetpu
from edge_asr.tasks.measure import evaluate_clips, evaluate_recogniser, is_recogniser, limit_recogniser
from edge_asr.tasks.speech import quantize_speech, speech_places, train_speech
from edge_asr.tasks.targets import keys, profile, sign, targets
from edge_asr.tasks.wake import calibrate_words, evaluate_wake, train_wake_words
from edge_asr.training.console import progress_bars
from edge_asr.training.workers import read_tf_config

CACHE = Path(".cache")
SETTINGS = {"set_": "change a value of the recipe, like train.epochs=5; as often as you like"}
DATA = {
    "data": "folder or archive of recordings (of a recogniser: as often as you like); without it the folder in $EDGE_ASR_DATA "
    "named like the recipe's reader"
}
PIPER = {"piper": "folder with Piper's voices; without it $EDGE_ASR_PIPER_VOICES, or ~/.local/share/piper-voices"}

WAKE = {
    "phrase": "what wakes; as often as you like, for one model of several phrases",
    "language": "BCP 47 tag of the phrase and the voices, like de; default the recipe's",
    "negatives": "speech and noise without the phrase: folder, archive or data set; as often as you like",
    "noise": "noise alone, likewise",
    "recordings": "your own takes of the phrase (edge-asr record)",
    **PIPER,
}
TRAIN = {
    "recipe": "folder, TOML file or name in models/; with --phrase models/wake without it, else models/commands12",
    "run": "run folder, default runs/NAME",
    "resume": "go on with the run in the folder",
    "begin_with": "commands: a run of the same network whose weights are the first ones; without it they are drawn",
    **DATA,
    **WAKE,
    **SETTINGS,
}


@command(help={"folder": "where the takes, the model and the talk go"})
def demo(_: Context, folder: str = "runs/demo") -> None:
    """A phrase becomes a wake word: spoken, trained, made int8, heard in a minute of talk. Offline, under five minutes."""
    from edge_asr.training.demo import run_demo

    with progress_bars() as progress:
        run_demo(Path(folder), progress, print, workers=os.cpu_count() or 1)


@command(iterable=["set_", "data", "phrase", "negatives", "noise"], help=TRAIN)
def train(
    _: Context,
    set_: list[str],
    data: list[str],
    phrase: list[str],
    negatives: list[str],
    noise: list[str],
    language: str = "",
    recordings: str = "",
    piper: str = "",
    recipe: str = "",
    run: str = "",
    resume: bool = False,
    begin_with: str = "",
) -> None:
    """Train a wake word (--phrase), or a recipe's commands or recogniser; Ctrl-C keeps what is done, --resume goes on."""
    from edge_asr.data.wake_places import WakePlaces
    from edge_asr.training.recipe import load_recipe
    from edge_asr.training.wake_recipe import wake_recipe

    file = _recipe(recipe or ("models/wake" if phrase else "models/commands12"))
    wanted = wake_recipe(file, phrase, language, set_) if phrase else load_recipe(file, set_)
    folder = Path(run or f"runs/{wanted.name}")
    if begin_with and not (wanted.speech is None and wanted.wake is None):
        raise ConfigError(f"--begin-with {begin_with}: expected a recipe of commands, found {wanted.name}; leave it out")
    if wanted.speech is not None:
        train_speech(file, speech_places(data, negatives, noise, _piper(piper)), folder, CACHE, set_, resume)
    elif wanted.wake is None:
        place = _data(_one(data), wanted.data.reader)
        _train_commands(file, place, folder, set_, resume, _piper(piper), Path(begin_with) if begin_with else None)
    else:
        own = Path(recordings) if recordings else None
        places = WakePlaces(tuple(map(Path, negatives)), tuple(map(Path, noise)), own, _piper(piper))
        train_wake_words(wanted, places, folder, CACHE, resume)


@command(iterable=["set_", "data"], help={"run": "run folder of train", "bundle": "default RUN/bundle", **DATA, **SETTINGS})
def quantize(_: Context, set_: list[str], data: list[str], run: str, bundle: str = "") -> None:
    """Make a trained run int8 and write its bundle (--set quantize.method=ptq or qat). Next: evaluate."""
    from edge_asr.training.pipeline import quantize_run
    from edge_asr.training.run_folder import RunFolder
    from edge_asr.training.text import quantize_text

    folder, target = Path(run), Path(bundle or Path(run) / "bundle")
    recipe = RunFolder(folder).recipe()
    if recipe.speech is not None:
        quantize_speech(folder, target, speech_places(data) if data else None, CACHE, set_)
        return
    place = None if recipe.wake else _data(_one(data), recipe.data.reader)
    with progress_bars() as progress:
        report = quantize_run(
            folder, place, target, overrides=set_, cache_dir=CACHE, workers=os.cpu_count() or 1, progress=progress
        )
    print(quantize_text(report))
    print(f"Next: invoke evaluate --bundle {target} {'--positives' if recipe.wake else '--data'} FOLDER")


@command(
    iterable=["negatives", "noise"],
    help={
        "bundle": "folder of the bundle",
        "data": "folder whose subfolders are labels, or a data set (--reader); of a recogniser: transcribed speech",
        "reader": "read a data set and judge --split of it: speech_commands or fsdd; of a recogniser found by its layout",
        "split": "train, validation or test; default test, and with --positives all of the negatives; of a recogniser also all",
        "run": "run folder, for its curves in the report",
        "report": "HTML page to write",
        "json": "file for machines",
        "others": "count subfolders that are no label as _unknown_",
        "positives": "recordings of wake words: measure misses against false accepts an hour",
        "negatives": "audio without the words: folder, archive or file; as often as you like",
        "noise": "noise to mix with the recordings; without it, the noise among the negatives",
        "target_fa": "judge this many false accepts an hour too",
        "most": "of a recogniser: hear at most so many utterances",
    },
)
def evaluate(
    _: Context,
    negatives: list[str],
    noise: list[str],
    bundle: str,
    data: str = "",
    reader: str = "folder",
    split: str = "",
    run: str = "",
    report: str = "",
    json: str = "",
    others: bool = False,
    positives: str = "",
    target_fa: str = "",
    most: int = 0,
) -> None:
    """Judge a bundle through the engine that devices run: accuracy of clips, misses and false accepts, or word errors."""
    page = Path(report or Path(run or f"runs/{Path(bundle).name}") / "report.html")
    files = {"report": page, "json_file": Path(json) if json else None}
    if is_recogniser(Path(bundle)):
        layout = "" if reader == "folder" else reader
        evaluate_recogniser(Path(bundle), _data(data, layout), layout, split, most, negatives, noise, CACHE, files)
    elif positives or negatives:
        rates = [number(target_fa, "--target-fa")] if target_fa else []
        evaluate_wake(Path(bundle), positives, negatives, noise, split, rates, CACHE, files)
    else:
        evaluate_clips(Path(bundle), _data(data, reader), reader, split or "test", others, run, files)
    print(f"Report: {page}")


@command(
    iterable=["negatives"],
    help={
        "bundle": "folder of the bundle; its manifest is rewritten",
        "negatives": "audio without the words: folder, archive or file; as often as you like",
        "target_fa": "false accepts that are wanted: an hour, of each word (0.5); of a recogniser in percent (2)",
        "split": "only this split: train, validation or test; of a recogniser validation, or all",
        "data": "of a recogniser: transcribed speech, with sentences that should be refused or beside --negatives",
        "reader": "layout of --data, where it does not tell",
    },
)
def calibrate(
    _: Context, negatives: list[str], bundle: str, target_fa: str = "", split: str = "", data: str = "", reader: str = ""
) -> None:
    """Choose a bundle's thresholds anew on recordings of a room, without training."""
    if is_recogniser(Path(bundle)):
        share = number(target_fa or "2", "--target-fa") / 100
        limit_recogniser(Path(bundle), _data(data, reader), reader, split, share, negatives, CACHE)
    else:
        calibrate_words(Path(bundle), negatives, number(target_fa or "0.5", "--target-fa"), split, CACHE)
    print(f"{Path(bundle) / 'manifest.json'} has it. Next: edge-asr listen (or transcribe) --bundle {bundle}")


@command()
def models(_: Context) -> None:
    """The architectures: parameters, multiply-accumulates, int8 size."""
    from edge_asr.training.backend import load_keras

    load_keras()
    from edge_asr.training.model_cost import zoo_table

    with progress_bars() as progress:
        rows = zoo_table(progress=progress)
    print(f"{'network':<17} {'front end':<9} {'input':<9} {'parameters':>10} {'MACs':>12} {'int8 bytes':>10}")
    for row in rows:
        shape = f"{row.input_shape[0]}x{row.input_shape[1]}"
        print(f"{row.name:<17} {row.frontend:<9} {shape:<9} {row.parameters:>10,} {row.macs:>12,} {row.int8_bytes:>10,}")


@command(help={"language": "BCP 47 tag like en or pt-br; all without it", "every": "name each voice", **PIPER})
def voices(_: Context, language: str = "", every: bool = False, piper: str = "") -> None:
    """The speech synthesisers found, their voices, languages and licences, and how to get more."""
    from edge_asr.data.voices import find_engines
    from edge_asr.data.voices.listing import voices_text

    print(voices_text(find_engines(language, piper_voices=_piper(piper)), language, every=every))


@command(help={"folder": "where the archive goes (2.4 GB)", "version": "v0.02 or v0.01"})
def fetch(_: Context, folder: str = "data/speech_commands", version: str = "v0.02") -> None:
    """Download Google Speech Commands (CC BY 4.0); a broken transfer goes on, the hash is checked."""
    from edge_asr.data.speech_commands_archive import fetch_speech_commands

    with progress_bars() as progress:
        archive = fetch_speech_commands(Path(folder), version=version, progress=progress)
    print(f"{archive}. Next: invoke train --data {folder}")


@command(
    help={
        "place": "folder, archive or manifest of transcribed speech",
        "reader": "its layout; found without it",
        "language": "BCP 47 tag",
    }
)
def data(_: Context, place: str, reader: str = "", language: str = "en") -> None:
    """What a recogniser would learn from a place: utterances, hours, speakers, characters dropped, what is left out."""
    from edge_asr.data.transcribed import read_transcribed

    with progress_bars() as progress:
        found = read_transcribed(Path(place), reader, language=language, progress=progress)
    print("\n".join([found.summary(), *found.samples()]))


@command(
    help={
        "templates": "YAML file of sentences in Home Assistant's notation",
        "out": "JSON file to write, for edge-asr transcribe --grammar",
        "phonemes": "with how each word is pronounced, which recognisers that write phonemes need",
        "bundle": "recogniser that is to hear these sentences only",
    }
)
def grammar(_: Context, templates: str, out: str = "grammar.json", phonemes: bool = False, bundle: str = "") -> None:
    """Compile templates to a grammar: a file, or a part of a bundle."""
    from edge_asr.tasks.speech import compile_templates, put_grammar

    print(put_grammar(Path(templates), Path(bundle)) if bundle else compile_templates(Path(templates), Path(out), phonemes))


@command(
    iterable=["text"],
    help={
        "text": "text file, a sentence a line; as often as you like",
        "out": "ARPA file to write, gzipped if it ends with .gz",
        "order": "words of the longest n-grams",
        "language": "BCP 47 tag; of a bundle its own",
        "bundle": "recogniser that is to expect such sentences",
    },
)
def lm(_: Context, text: list[str], out: str = "lm.arpa", order: int = 3, language: str = "en", bundle: str = "") -> None:
    """Make a language model of text (modified Kneser-Ney): a file, or a part of a bundle."""
    from edge_asr.tasks.speech import make_lm

    print(make_lm([Path(file) for file in text], Path(out), order, language, Path(bundle) if bundle else None))


@command(help={"bundle": "bundle to measure", "wav": "audio to feed; made-up speech without it"})
def bench(context: Context, bundle: str = "models/alexa", wav: str = "") -> None:
    """CPU per hour of audio, beside pymicro-wakeword and pyopen-wakeword (extra bench) in the same run."""
    context.run(shlex.join([sys.executable, "benchmarks/cost.py", "--bundle", bundle, *filter(None, [wav])]))


@command()
def check(context: Context) -> None:
    """Format, lint, types, and who may import whom."""
    for line in ("ruff format --check .", "ruff check .", "mypy", "lint-imports"):
        print(f"== {line}", flush=True)
        context.run(f"{Path(sys.executable).parent / line}")


@command(help={"args": "arguments for pytest, like '-k frontend'"})
def test(context: Context, args: str = "") -> None:  # noqa: PT028 - a command, not a test
    """All tests. Those on real recordings need EDGE_ASR_DATA, the microphone's need PulseAudio and PyAudio."""
    context.run(f"{sys.executable} -m pytest {args}", pty=sys.stdout.isatty())


def _train_commands(
    recipe: Path,
    data: Path,
    folder: Path,
    settings: list[str],
    resume: bool,
    piper_voices: Path | None,
    begin_with: Path | None,
) -> None:
    from edge_asr.training.pipeline import train_run

    with progress_bars() as progress:
        result = train_run(
            recipe,
            data,
            folder,
            overrides=settings,
            resume=resume,
            begin_with=begin_with,
            together=read_tf_config(os.environ.get("TF_CONFIG", "")),
            piper_voices=piper_voices,
            cache_dir=CACHE,
            workers=os.cpu_count() or 1,
            progress=progress,
        )
    kept = result.kept
    accuracy = "not measured" if kept.validation_accuracy is None else f"{kept.validation_accuracy:.1%}"
    print(f"{folder}: {len(result.history)} epochs; kept epoch {kept.epoch}, validation accuracy {accuracy}")
    print(f"Curves: tensorboard --logdir {folder / 'logs'}. Next: invoke quantize --run {folder}")


def _recipe(named: str) -> Path:
    """A recipe's file or folder, or the one of that name among those that are shipped."""
    shipped = Path("models") / named
    return shipped if not Path(named).exists() and shipped.exists() else Path(named)


def _one(data: list[str]) -> str:
    """The only place that was named, or none."""
    if len(data) > 1:
        raise EdgeAsrError(f"expected --data once (only a recogniser learns from several places), found {', '.join(data)}")
    return data[0] if data else ""


def _data(data: str, reader: str) -> Path:
    """The place that was named, or the environment's."""
    place = Path(data) if data else Path(os.environ.get("EDGE_ASR_DATA", "")) / reader
    if not data and "EDGE_ASR_DATA" not in os.environ:
        raise EdgeAsrError(f"expected --data FOLDER with {reader} recordings (or EDGE_ASR_DATA), found neither")
    return place


def _piper(folder: str) -> Path | None:
    """The folder of Piper's voices that was named, or the environment's; None for the usual one."""
    named = folder or os.environ.get("EDGE_ASR_PIPER_VOICES", "")
    return Path(named) if named else None
