"""Loading Keras, which takes seconds, at the moment when it is needed, and quietly."""

from __future__ import annotations

from edge_asr.runtime.quiet import quiet_stderr


def load_keras() -> None:
    """Import Keras and its backend; what TensorFlow's native code says about itself is kept off stderr."""
    with quiet_stderr():
        import keras  # noqa: F401
