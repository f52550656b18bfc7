"""edge_asr: train small speech models on a workstation, run them always-on on a board."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("edge-asr")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
