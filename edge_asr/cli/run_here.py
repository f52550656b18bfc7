"""What runs a bundle's model on this machine; needs the runtime, which the rest of `edge-asr info` does without."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from edge_asr.bundle.store import Bundle
from edge_asr.cli.arguments import running
from edge_asr.runtime.load import LoadedModel, load_model


def load_here(bundle: Bundle, args: argparse.Namespace) -> LoadedModel:
    """The bundle's model, as the arguments of `add_running_arguments` say. Raises what `load_model` does."""
    return load_model(bundle, bundle.manifest.kind, form=args.form, **running(args))


def rows(loaded: LoadedModel) -> Iterator[tuple[str, str]]:
    """Names and texts of what runs it."""
    about = loaded.interpreter.description
    yield "here", f"{loaded.model.form} form on {about.placement}"
    yield "", f"{about.package} {about.version}, {about.kernels} kernels, threads {about.threads}"
    if about.options:
        yield "", "options " + ", ".join(f"{key}={value}" for key, value in about.options.items())
    if about.fallback:
        yield "fallback", " ".join(about.fallback.split())
