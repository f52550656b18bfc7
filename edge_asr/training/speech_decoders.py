"""The decoders that a recogniser is measured with, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc.hypothesis import Decoder
from edge_asr.runtime.ctc.make import make_decoder
from edge_asr.runtime.speech_engine import SpeechEngine

SHIPPED = "as shipped"
"""What the bundle makes of its own files and settings."""
UNREFUSED = "refusing nothing"
"""The same, but for what is rejected."""


def decoders(engine: SpeechEngine) -> Mapping[str, Decoder]:
    """By name, each once: as shipped, refusing nothing; and, refusing nothing either, those that are simpler than it.

    `greedy` is best path decoding, `beam` the prefix beam search without any help, `language model` with the bundle's; a
    bundle that writes phonemes has none of these, because only its grammar makes words. Raises `ConfigError` when there is none.
    """
    spec = replace(engine.spec, min_confidence=0.0, max_penalty=math.inf)
    seconds, unit, lm = engine.output_seconds, engine.spec.unit, engine.language_model
    plain = replace(spec, word_bonus=0.0)
    found = {SHIPPED: engine.decoder(), UNREFUSED: engine.decoder(spec)}
    if unit == "phonemes":
        if engine.grammar is None:
            raise ConfigError(
                f"{engine.manifest.name} writes phonemes and has no grammar that makes words of them: nothing can be measured; "
                "give it one with `invoke grammar TEMPLATES --bundle BUNDLE`"
            )
        return found
    found["greedy"] = make_decoder(engine.tokens, unit, replace(plain, beam=1), seconds)
    if spec.beam > 1 and (lm is not None or engine.grammar is not None):
        found["beam"] = make_decoder(engine.tokens, unit, plain, seconds)
    if lm is not None and engine.grammar is not None:
        found["language model"] = make_decoder(engine.tokens, unit, spec, seconds, lm=lm)
    return found
