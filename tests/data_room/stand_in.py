"""Programs that stand in for synthesisers which are not installed: they note how they were called."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from edge_asr.runtime.encode_wav import encode_wav

TONE = (0.3 * np.sin(2 * np.pi * 200 * np.arange(8000) / 16000)).astype(np.float32)
"""Half a second at 16 kHz."""

SCRIPT = """#!{python}
import json, shutil, sys
arguments = sys.argv[1:]
if arguments and arguments[0] in ("-lv", "--voices=mb"):
    print({listing!r})
    sys.exit()
json.dump([arguments, sys.stdin.buffer.read().decode()], open({note!r}, "w"))
{behaviour}
shutil.copy({wav!r}, arguments[arguments.index({option!r}) + 1])
"""


class StandIn:
    """A program `name` on the path that copies a tone to the file behind `option`."""

    def __init__(self, folder: Path, name: str, option: str, *, behaviour: str = "", listing: str = "") -> None:
        wav = folder / "tone.wav"
        wav.write_bytes(encode_wav(TONE, 16000))
        self._note = folder / f"{name}.json"
        self.path = folder / name
        fields = {"python": sys.executable, "listing": listing, "note": str(self._note), "behaviour": behaviour}
        self.path.write_text(SCRIPT.format(**fields, wav=str(wav), option=option))
        self.path.chmod(0o755)

    @property
    def call(self) -> tuple[list[str], str]:
        """Arguments and standard input of the last run."""
        arguments, text = json.loads(self._note.read_text())
        return arguments, text
