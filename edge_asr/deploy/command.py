"""The command that a board's service runs."""

from __future__ import annotations

from edge_asr.bundle.manifest import Kind
from edge_asr.runtime.board import AudioSpec, BoardSettings
from edge_asr.runtime.run_arguments import run_arguments

_COMMANDS: dict[Kind, str] = {"keywords": "listen", "speech": "transcribe"}


def listen_arguments(settings: BoardSettings, kind: Kind, bundle: str) -> list[str]:
    """The arguments of `edge-asr` that listen to the board's microphone with the bundle in the folder `bundle`, of that kind."""
    signed = [f"--public-key={settings.public_key}"] if settings.require_signature else []
    return [
        *(_COMMANDS[kind], f"--bundle={bundle}", "--input=mic", "--wait", "--json"),
        *signed,
        *run_arguments(settings.run),
        *_audio_arguments(settings.audio),
    ]


def _audio_arguments(audio: AudioSpec) -> list[str]:
    return [
        *([f"--device={audio.device}"] if audio.device else []),
        *([f"--rate={audio.rate}"] if audio.rate else []),
        f"--chunk-ms={audio.chunk_ms:g}",
    ]
