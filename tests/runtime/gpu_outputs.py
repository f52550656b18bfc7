"""A process that runs a bundle's window form on the GPU and on the CPU: `python -m tests.runtime.gpu_outputs BUNDLE COUNT`.

It prints JSON: the GPU's description, and the logits of COUNT random windows from both. LiteRT's GPU can't be taken out of a
process again, so it has one of its own.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from edge_asr.bundle.store import read_bundle
from edge_asr.runtime.accelerator import Accelerator
from edge_asr.runtime.load import load_model


def main(folder: str, count: int) -> None:
    bundle = read_bundle(Path(folder))
    cpu, gpu = (
        load_model(bundle, bundle.manifest.kind, form="window", threads=1, kernels="default", accelerator=accelerator).interpreter
        for accelerator in (Accelerator(), Accelerator("gpu"))
    )
    rng = np.random.default_rng(0)
    # Loud and quiet, bright and dark ones.
    spread, level = rng.integers(1, 8, count), rng.integers(-30, 30, count)
    noise = rng.integers(-128, 128, (count, *cpu.input.shape))
    windows = np.clip(noise // spread.reshape(-1, 1, 1, 1, 1) + level.reshape(-1, 1, 1, 1, 1), -128, 127).astype(np.int8)
    outputs = {name: [one.invoke(window).tolist() for window in windows] for name, one in (("cpu", cpu), ("gpu", gpu))}
    print(json.dumps({"about": asdict(gpu.description), **outputs}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
