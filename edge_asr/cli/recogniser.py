"""The recogniser that the arguments ask for."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from edge_asr.bundle.speech import SpeechDecodeSpec
from edge_asr.errors import ConfigError
from edge_asr.runtime.grammar import MAX_BYTES, Grammar, read_grammar
from edge_asr.runtime.speech_engine import SpeechEngine
from edge_asr.runtime.speech_stream import SpeechStream


def open_recogniser(engine: SpeechEngine, args: argparse.Namespace, *, endpoint: bool = True) -> SpeechStream:
    """A stream on `engine`; without `endpoint` all of it is one utterance. Raises `EdgeAsrError` as its parts do."""
    spec = _settings(engine.spec, args)
    grammar = None if args.grammar is None else _read_grammar(args.grammar)
    decoder = engine.decoder(spec, grammar=grammar, hot_words=dict(args.hotword or ()))
    return SpeechStream(engine, decoder, spec.endpoint if endpoint else None)


def _settings(spec: SpeechDecodeSpec, args: argparse.Namespace) -> SpeechDecodeSpec:
    endpoint = replace(spec.endpoint, gate=args.gate or spec.endpoint.gate)
    return replace(spec, beam=args.beam or spec.beam, endpoint=endpoint)


def _read_grammar(path: Path) -> Grammar:
    try:
        with path.open("rb") as file:
            return read_grammar(file.read(MAX_BYTES + 1))
    except OSError as err:
        raise ConfigError(f"{path}: the grammar can't be read: {err.strerror}") from err
    except ConfigError as err:
        raise ConfigError(f"{path}: {err}") from err
