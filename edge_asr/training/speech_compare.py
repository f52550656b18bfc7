"""The int8 recogniser beside the float network that it was made from, on the same features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.quantization import dequantize, quantize
from edge_asr.data.tokens import Tokens
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.runtime.speech_forms import WindowOutputs
from edge_asr.training.ctc_loss import best_path
from edge_asr.training.recipe import Recipe
from edge_asr.training.speech_batches import SpeechBatches, silence_of
from edge_asr.training.speech_learner import transcribe
from edge_asr.training.word_errors import count_errors

if TYPE_CHECKING:
    from edge_asr.data.speech_table import SpeechTable


@dataclass(frozen=True)
class SpeechComparison:
    """The int8 model beside the float one, over the same utterances, by the likeliest path of each."""

    utterances: int
    float_word_error_rate: float
    """As the other three 0 at best; of phonemes, where these are written."""
    int8_word_error_rate: float
    float_character_error_rate: float | None
    """None, as the next, where phonemes are written."""
    int8_character_error_rate: float | None
    agreement: float
    """Share of utterances with the same transcript of both, 0 to 1."""
    interpreter: str
    """Package, version and kernels that ran the int8 model."""

    def __str__(self) -> str:
        return (
            f"{self.utterances} utterances: float {_rates(self.float_word_error_rate, self.float_character_error_rate)}; "
            f"int8 {_rates(self.int8_word_error_rate, self.int8_character_error_rate)}; "
            f"same transcript {self.agreement:.2%} ({self.interpreter})"
        )


def compare_speech(
    network: Any, model: bytes, table: SpeechTable, tokens: Tokens, recipe: Recipe, *, progress: Progress = no_progress
) -> SpeechComparison | None:
    """Let the float network and the window form `model` write down the usable rows of `table`; None without any."""
    batches = SpeechBatches(table, recipe)
    exact = transcribe(network, batches, tokens)
    if exact is None:
        return None
    interpreter = Interpreter(model)
    silence = quantize(silence_of(recipe.frontend), interpreter.input)
    outputs = WindowOutputs(interpreter, silence, batches.stride, lambda logits: dequantize(logits, interpreter.output))
    written = []
    for row in batches.rows:
        written.append(tokens.decode(best_path(_rounded(outputs, table.frames_of(row), interpreter, batches.stride))))
        progress("comparing with the float network", len(written), len(batches.rows))
    description, letters = interpreter.description, tokens.unit != "phonemes"
    return SpeechComparison(
        utterances=len(written),
        float_word_error_rate=exact.words.rate,
        int8_word_error_rate=count_errors(exact.said, written).rate,
        float_character_error_rate=exact.characters.rate if letters else None,
        int8_character_error_rate=count_errors(exact.said, written, "characters").rate if letters else None,
        agreement=float(np.mean([one == other for one, other in zip(exact.written, written)])),
        interpreter=f"{description.package} {description.version}, {description.kernels} kernels",
    )


def _rates(words: float, characters: float | None) -> str:
    return f"PER {words:.2%}" if characters is None else f"WER {words:.2%}, CER {characters:.2%}"


def _rounded(outputs: WindowOutputs, frames: NDArray[Any], interpreter: Interpreter, stride: int) -> NDArray[np.float32]:
    """Logits (output frames, tokens) of an utterance's frames (frames, features), after silence."""
    outputs.reset()
    whole = np.asarray(frames[: len(frames) // stride * stride], np.float32)
    return outputs.run(quantize(whole, interpreter.input))
