"""External TFLite delegates: shared libraries that run part of a model."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from edge_asr.errors import DelegateError
from edge_asr.runtime.accelerator import EDGETPU, Accelerator

EDGETPU_LIBRARY = {"darwin": "libedgetpu.1.dylib", "win32": "edgetpu.dll"}.get(sys.platform, "libedgetpu.so.1")
"""As Coral's packages name it; the system's loader knows where it is."""
EDGETPU_ADVICE = "install libedgetpu (libedgetpu1-std from Coral's packages), and see docs/accelerators.md"


def load_delegate(module: Any, accelerator: Accelerator) -> Any:
    """The delegate, loaded and started with its options by `module`, an interpreter package.

    Raises `DelegateError` when the library is missing, is none or no delegate, or does not take its options.
    """
    edgetpu = accelerator.delegate == EDGETPU
    path = EDGETPU_LIBRARY if edgetpu else accelerator.delegate
    advice = EDGETPU_ADVICE if edgetpu else "name the path of a library for this system"
    # The packages' Delegate prints an ignored exception of its own when the library is missing or no delegate.
    try:
        library = ctypes.CDLL(path)
    except OSError as err:
        raise DelegateError(f"{path}: expected a delegate's shared library that loads, found: {err}; {advice}") from err
    if not hasattr(library, "tflite_plugin_create_delegate"):
        raise DelegateError(f"{path}: is a shared library but no delegate (it has no tflite_plugin_create_delegate)")
    try:
        return module.load_delegate(path, accelerator.options)
    except (OSError, ValueError, AttributeError) as err:
        raise DelegateError(f"{path}: the delegate does not start: {err}") from err
