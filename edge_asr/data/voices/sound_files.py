"""The library that reads and writes sound files."""

from __future__ import annotations

from typing import Any

from edge_asr.errors import SynthesisError


def load_soundfile() -> Any:
    """The module `soundfile`. Raises `SynthesisError` where it is not installed."""
    try:
        import soundfile
    except (ImportError, OSError) as err:
        raise SynthesisError(f"files of speech need soundfile ({err}): pip install 'edge-asr[synth]'") from err
    return soundfile
