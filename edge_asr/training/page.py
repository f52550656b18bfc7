"""Pages for people: one HTML file each, no network, no other files, light and dark."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from edge_asr import __version__
from edge_asr.errors import TrainingError
from edge_asr.files import write_whole


def render_page(template: str, **values: Any) -> str:
    """A template of this package, filled in; values are escaped where it does not call them safe. Raises `TrainingError`."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as err:
        raise TrainingError(f"the report needs jinja2 ({err}): pip install 'edge-asr[host]'") from err
    environment = Environment(
        loader=PackageLoader("edge_asr.training"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(duration=duration, version=__version__, **values)


def write_page(path: Path, page: str) -> None:
    """Write a page, whole or not at all; file names in it that are no text become question marks. Raises `TrainingError`."""
    try:
        write_whole(path, page.encode(errors="replace"))
    except OSError as err:
        raise TrainingError(f"{path}: the report can't be written: {err}") from err


def data_uri(kind: str, content: bytes) -> str:
    """`content` of the media type `kind` as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def duration(seconds: float) -> str:
    """For example `2 h 5 min`, `3 min 1 s` or `4 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
