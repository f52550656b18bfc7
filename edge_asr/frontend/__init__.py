"""Waveform to features: the one definition, offline and streaming, for training and device alike."""

from edge_asr.frontend.kernel import compute
from edge_asr.frontend.presets import PRESETS
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.frontend.streaming import StreamingFrontend

__all__ = ["PRESETS", "FrontendSpec", "StreamingFrontend", "compute"]
