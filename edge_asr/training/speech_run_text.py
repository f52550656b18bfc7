"""A recogniser's training as lines of text, for a terminal."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from edge_asr.training.history import SpeechEpoch

if TYPE_CHECKING:
    from edge_asr.training.speech_fit import SpeechResult


def epoch_text(record: SpeechEpoch) -> str:
    """Loss, error rates and sample transcripts of an epoch."""
    rates = "not validated"
    if record.word_error_rate is not None:
        rates = f"validation {record.validation_loss:.3f}, {_rates(record)}"
    lines = [f"epoch {record.epoch}: loss {record.loss:.3f} nats a token, {rates} ({record.seconds:.0f} s)"]
    lines += [f"  said {sample.said!r}, written {sample.written!r}" for sample in record.samples]
    return "\n".join(lines)


def result_text(result: SpeechResult) -> str:
    """What a run came to, and how fast it learnt."""
    kept = result.kept
    rates = "not measured" if kept.word_error_rate is None else _rates(kept)
    audio = median(record.audio_rate for record in result.history)
    text = f"{result.run_dir}: {len(result.history)} epochs; kept epoch {kept.epoch}, validation {rates}; "
    text += f"{audio:.0f} s of audio learnt from in a second"
    return text + (f"; {result.left_out} rows left out, with more tokens than output frames" if result.left_out else "")


def _rates(record: SpeechEpoch) -> str:
    if record.character_error_rate is None:
        return f"PER {record.word_error_rate:.1%}"
    return f"WER {record.word_error_rate:.1%}, CER {record.character_error_rate:.1%}"
