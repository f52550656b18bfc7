"""How a model is to run, as arguments of `edge-asr`."""

from __future__ import annotations

from edge_asr.runtime.accelerator import NONE
from edge_asr.runtime.board import RunSpec


def run_arguments(run: RunSpec) -> list[str]:
    """What `edge-asr listen`, `transcribe` and `bench` must be told for the model to run so."""
    accelerator = run.accelerator
    return [
        *([f"--form={run.form}"] if run.form else []),
        *(f"--threads={run.threads}", f"--kernels={run.kernels}"),
        *([f"--delegate={accelerator.delegate}"] if accelerator.delegate != NONE else []),
        *(f"--delegate-option={key}={value}" for key, value in accelerator.options.items()),
        *(["--fallback"] if accelerator.fallback else []),
    ]
