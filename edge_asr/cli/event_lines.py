"""Events as lines for people and for machines."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from edge_asr.config import to_table
from edge_asr.runtime.events import Detection, Event, Final, NoCommand, Overrun, SourceBack, SourceLost, Started, event_json

if TYPE_CHECKING:
    from edge_asr.runtime.engine import Engine
    from edge_asr.runtime.speech_engine import SpeechEngine


def header(engine: Engine | SpeechEngine) -> str:
    """JSON: what listens."""
    about, manifest = engine.interpreter.description, engine.manifest
    fields: dict[str, Any] = {
        "event": "header",
        "bundle": manifest.name,
        "labels": list(manifest.labels),
        "form": engine.model.form,
        "interpreter": f"{about.package} {about.version}",
        "kernels": about.kernels,
        "threads": about.threads,
        "accelerator": about.accelerator,
        "options": about.options,
        "operations": to_table(about.ops),
        "fallback": about.fallback,
        "sample_rate": manifest.frontend.sample_rate,
    }
    return json.dumps(fields)


def tell_fallback(engine: Engine | SpeechEngine) -> None:
    """Say so on stderr when something else runs than what was asked for."""
    if about := engine.interpreter.description.fallback:
        print(f"edge-asr: {engine.manifest.name} runs on the CPU: {' '.join(about.split())}", file=sys.stderr)


def print_json(event: Event) -> None:
    """One JSON line on stdout, at once."""
    print(json.dumps(event_json(event)), flush=True)


def print_line(event: Event, name: str = "") -> None:
    """What was heard to stdout, and everything else that people want to know to stderr. `name`: put before what was said."""
    if isinstance(event, Detection):
        whose = f"  ({event.bundle})" if event.bundle else ""
        print(f"{event.label:<12} {event.start:9.2f} s to {event.end:9.2f} s  score {event.score:.2f}{whose}", flush=True)
    elif isinstance(event, Final) and event.accepted:
        print(f"{name}: {_said(event)}" if name else _said(event), flush=True)
    elif about := _about(event):
        print(f"edge-asr: {about}", file=sys.stderr)


def _said(event: Final) -> str:
    slots = "".join(f" {slot.name}={slot.value}" for slot in event.slots)
    return f"{event.text}  [{event.intent}{slots}]" if event.intent else event.text


def _about(event: Event) -> str:
    if isinstance(event, Started):
        return f"listening to {event.source}"
    if isinstance(event, Overrun):
        return f"too slow: {event.samples} samples were lost at {event.time:.1f} s"
    if isinstance(event, SourceLost):
        return f"lost the source at {event.time:.1f} s, waiting for it: {event.reason}"
    if isinstance(event, SourceBack):
        return f"the source is back: {event.source}"
    if isinstance(event, NoCommand):
        return f"heard no command up to {event.time:.1f} s"
    if isinstance(event, Final) and event.rejected:
        return f"rejected at {event.start:.1f} s: {event.text!r}: {event.rejected}"
    return ""
