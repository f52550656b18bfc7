"""Pauses, emphasis and melody, written into the text in the ways that synthesisers understand."""

from __future__ import annotations

from xml.sax.saxutils import escape

from edge_asr.data.voices.voice import Delivery


def plain_text(text: str, delivery: Delivery) -> str:
    """`text` with punctuation alone: commas for pauses between words, and the ending. Emphasis is left out."""
    return (", " if delivery.pause else " ").join(text.split()) + delivery.ending


def ssml_text(text: str, delivery: Delivery) -> str:
    """`text` with SSML tags for pauses and emphasis, without the element around all of it."""
    words = [escape(word) for word in text.split()]
    if 0 <= delivery.stressed < len(words):
        words[delivery.stressed] = f'<emphasis level="strong">{words[delivery.stressed]}</emphasis>'
    pause = f'<break time="{round(delivery.pause * 1000)}ms"/>' if delivery.pause else ""
    return f"{pause} ".join(words) + delivery.ending
