"""What the commands of `tasks.py` do with a recogniser."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge_asr.errors import ConfigError
from edge_asr.training.console import progress_bars
from edge_asr.training.workers import read_tf_config

if TYPE_CHECKING:
    from edge_asr.data.speech_material import SpeechPlaces


def speech_places(
    data: Sequence[str], negatives: Sequence[str] = (), noise: Sequence[str] = (), piper: Path | None = None
) -> SpeechPlaces:
    from edge_asr.data.speech_material import SpeechPlaces

    return SpeechPlaces(tuple(map(Path, data)), tuple(map(Path, negatives)), tuple(map(Path, noise)), piper)


def train_speech(recipe: Path, places: SpeechPlaces, folder: Path, cache: Path, settings: list[str], resume: bool) -> None:
    from edge_asr.training.speech_pipeline import train_speech_run
    from edge_asr.training.speech_run_text import epoch_text, result_text

    with progress_bars() as progress:
        result = train_speech_run(
            recipe,
            places,
            folder,
            overrides=settings,
            resume=resume,
            together=read_tf_config(os.environ.get("TF_CONFIG", "")),
            cache_dir=cache,
            workers=os.cpu_count() or 1,
            progress=progress,
            on_epoch=lambda record: print(epoch_text(record)),
        )
    print(result_text(result))
    print(f"Curves: tensorboard --logdir {folder / 'logs'}. Next: invoke quantize --run {folder}")


def quantize_speech(folder: Path, bundle: Path, places: SpeechPlaces | None, cache: Path, settings: list[str]) -> None:
    """`places`: instead of those that training found its recordings in."""
    from edge_asr.training.speech_pipeline import quantize_speech_run
    from edge_asr.training.text import quantize_text

    with progress_bars() as progress:
        report = quantize_speech_run(
            folder,
            bundle,
            places=places,
            overrides=settings,
            cache_dir=cache,
            workers=os.cpu_count() or 1,
            progress=progress,
            say=print,
        )
    print(quantize_text(report))
    print(f"Next: invoke evaluate --bundle {bundle} --data FOLDER")


def compile_templates(templates: Path, out: Path, phonemes: bool = False) -> str:
    """`phonemes`: with how each word is pronounced."""
    from edge_asr.data.compile_grammar import compile_grammar
    from edge_asr.data.pronounce import pronounced
    from edge_asr.data.templates import read_templates
    from edge_asr.files import write_whole
    from edge_asr.runtime.grammar import write_grammar

    grammar = compile_grammar(read_templates(templates))
    try:
        write_whole(out, write_grammar(pronounced(grammar) if phonemes else grammar))
    except OSError as err:
        raise ConfigError(f"{out}: the grammar can't be written: {err}") from err
    return f"{out}: {len(grammar.words)} words, {grammar.states} states, {len(grammar.arcs)} arcs"


def put_grammar(templates: Path, bundle: Path) -> str:
    """Raises `ConfigError` when the model has no tokens for it."""
    from edge_asr.bundle.change import replace_asset
    from edge_asr.bundle.store import read_bundle
    from edge_asr.data.compile_grammar import compile_grammar
    from edge_asr.data.pronounce import pronounced
    from edge_asr.data.templates import read_templates
    from edge_asr.runtime.ctc.token_graph import token_graph
    from edge_asr.runtime.ctc.words import Spelling
    from edge_asr.runtime.grammar import write_grammar

    grammar, manifest = compile_grammar(read_templates(templates)), read_bundle(bundle).manifest
    if manifest.speech is None:
        raise ConfigError(f"{bundle}: a grammar is for recognisers, this bundle is of kind {manifest.kind!r}")
    if manifest.speech.unit == "phonemes":
        grammar = pronounced(grammar)
    token_graph(grammar, Spelling(manifest.labels, manifest.speech.unit, output_seconds=1.0))
    replace_asset(bundle, "grammar", "grammar.json", write_grammar(grammar))
    return f"{bundle}: hears {len(grammar.words)} words in the sentences of {templates}"


def make_lm(texts: Sequence[Path], out: Path, order: int, language: str, bundle: Path | None) -> str:
    from edge_asr.training.lm import put_lm, write_lm

    if not texts:
        raise ConfigError("expected --text FILE, found none")
    with progress_bars() as progress:
        if bundle:
            return f"{bundle}: {put_lm(texts, bundle, order=order, progress=progress)}"
        return f"{out}: {write_lm(texts, out, order=order, language=language, progress=progress)}"
