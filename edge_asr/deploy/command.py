"""The command that a board's service runs."""

from __future__ import annotations

from edge_asr.bundle.manifest import Kind
from edge_asr.runtime.accelerator import NONE
from edge_asr.runtime.board import AudioSpec, BoardSettings, RunSpec

_COMMANDS: dict[Kind, str] = {"keywords": "listen", "speech": "transcribe"}


def listen_arguments(settings: BoardSettings, kind: Kind, bundle: str) -> list[str]:
    """The arguments of `edge-asr` that listen to the board's microphone with the bundle in the folder `bundle`, of that kind."""
    signed = [f"--public-key={settings.public_key}"] if settings.require_signature else []
    return [
        *(_COMMANDS[kind], f"--bundle={bundle}", "--input=mic", "--wait", "--json"),
        *signed,
        *_run_arguments(settings.run),
        *_audio_arguments(settings.audio),
    ]


def _run_arguments(run: RunSpec) -> list[str]:
    accelerator = run.accelerator
    return [
        *([f"--form={run.form}"] if run.form else []),
        *(f"--threads={run.threads}", f"--kernels={run.kernels}"),
        *([f"--delegate={accelerator.delegate}"] if accelerator.delegate != NONE else []),
        *(f"--delegate-option={key}={value}" for key, value in accelerator.options.items()),
        *(["--fallback"] if accelerator.fallback else []),
    ]


def _audio_arguments(audio: AudioSpec) -> list[str]:
    return [
        *([f"--device={audio.device}"] if audio.device else []),
        *([f"--rate={audio.rate}"] if audio.rate else []),
        f"--chunk-ms={audio.chunk_ms:g}",
    ]
