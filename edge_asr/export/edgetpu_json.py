"""Pre-flights and compilations for the Edge TPU as JSON for machines."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from edge_asr.errors import ExportError
from edge_asr.export.edgetpu import Preflight
from edge_asr.export.edgetpu_compiler import Compiled, differences
from edge_asr.files import write_whole


def write_json(path: Path, report: Preflight, compiled: Compiled | None) -> None:
    """Write all that is known to a file; `compiled`: None where it was not. Raises `ExportError`."""
    table = {"whole": report.whole, "streamed_bytes": report.streamed_bytes, **asdict(report), "compiled": _compiled(compiled)}
    try:
        write_whole(path, json.dumps(table, indent=1).encode())
    except OSError as err:
        raise ExportError(f"{path}: can't be written: {err}") from err


def _compiled(compiled: Compiled | None) -> dict[str, object] | None:
    if compiled is None:
        return None
    log = compiled.log
    return {"whole": log.whole, **asdict(log), "differences": [asdict(one) for one in differences(compiled)]}
