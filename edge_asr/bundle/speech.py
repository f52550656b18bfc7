"""What a speech bundle says beside its models: how outputs become words, when an utterance ends, which files help."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from edge_asr.config import setting
from edge_asr.errors import ConfigError

if TYPE_CHECKING:
    from edge_asr.bundle.manifest import Manifest, ModelFile

BLANK = "_blank_"
"""The first token of every speech bundle: nothing new is said (Graves et al., ICML 2006)."""
MOST_TOKENS = 1024
"""More would let the exact sum of `runtime.log_softmax` overflow."""

Unit: TypeAlias = Literal["words", "characters", "phonemes"]
"""What the tokens behind `BLANK` are: whole words of a closed set; single characters, of which " " parts words; or phonemes,
which make words where a grammar tells how these are pronounced, and stand as words by themselves where none does."""

AssetRole: TypeAlias = Literal["lm", "grammar"]
"""`lm`: a word model in the ARPA format. `grammar`: a compiled graph of sentences, JSON."""


@dataclass(frozen=True)
class EndpointSpec:
    """When an utterance begins and when it ends."""

    gate: Literal["energy", "webrtcvad", "pysilero"] = "energy"
    """What tells speech from other sound: the level (built in), or a detector that must be installed."""
    hang_over_ms: float = setting(600.0, min=50.0, max=10000.0)
    """So much without speech ends an utterance."""
    min_speech_ms: float = setting(100.0, min=0.0, max=5000.0)
    """So much speech begins one."""
    margin_db: float = setting(9.0, min=0.0, max=60.0)
    """Of the `energy` gate: speech is so much louder than the noise floor."""
    max_utterance_s: float = setting(20.0, min=1.0, max=600.0)
    """An utterance that goes on for longer is ended."""
    pre_roll_ms: float = setting(300.0, min=0.0, max=5000.0)
    """So much of what came before the speech was noticed belongs to the utterance."""


@dataclass(frozen=True)
class SpeechDecodeSpec:
    """How the outputs of a CTC model become words."""

    unit: Unit
    """What the tokens behind `BLANK` are."""
    language: str = "en"
    """BCP 47 tag of the text."""
    step_ms: float = setting(80.0, min=1.0, max=5000.0)
    """Time between two runs of the model; whole frames, a multiple of the stride."""
    stride_frames: int = setting(2, min=1, max=64)
    """Front-end frames from one output frame to the next."""
    beam: int = setting(16, min=1, max=1024)
    """Prefixes that the beam search keeps."""
    lm_weight: float = setting(0.5, min=0.0, max=100.0)
    """Weight of the language model's log probabilities (natural) beside the network's."""
    word_bonus: float = setting(0.0, min=-100.0, max=100.0)
    """Added to the log score for every word."""
    min_confidence: float = setting(0.0, min=0.0, max=1.0)
    """A transcript of less confidence is rejected."""
    max_penalty: float = setting(10.0, min=0.0, max=1000.0)
    """With a grammar: a transcript is rejected that loses more than this against what the network would say without one: natural
    log probability a second, in the two seconds where it loses most (see `runtime.ctc.grammar_decoder`). `invoke calibrate`
    chooses it."""
    endpoint: EndpointSpec = field(default_factory=EndpointSpec)

    def __post_init__(self) -> None:
        """Raises `ConfigError`."""
        if not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}", self.language):
            raise ConfigError(f"language must be a tag like 'en' or 'pt-BR', found {self.language!r:.80}")


@dataclass(frozen=True)
class Asset:
    """A file of a speech bundle that is not a model."""

    role: AssetRole
    file: str
    sha256: str
    size: int = setting(min=1)
    """Bytes."""


def check_speech(manifest: Manifest) -> None:
    """Check what a manifest says about speech. Raises `ConfigError`."""
    if manifest.speech is None:
        raise ConfigError("speech must be a table in a bundle of kind 'speech', found none")
    if manifest.clip_samples:
        raise ConfigError(f"clip_samples is for bundles of keywords, found {manifest.clip_samples}")
    check_tokens(manifest.labels, manifest.speech.unit)
    step = manifest.frontend.hops_in(manifest.speech.step_ms)
    if step % manifest.speech.stride_frames:
        raise ConfigError(
            f"speech.step_ms must make a multiple of the stride, {manifest.speech.stride_frames} frames, found {step} frames"
        )
    for model in manifest.models:
        _check_shapes(model, len(manifest.labels), manifest.speech.stride_frames, step)


def check_tokens(labels: tuple[str, ...], unit: Unit) -> None:
    """Check that `labels` are the tokens of a CTC model of that unit, blank first. Raises `ConfigError`."""
    if labels[0] != BLANK or len(labels) > MOST_TOKENS:
        raise ConfigError(
            f"labels of a speech bundle must be {BLANK!r} and at most {MOST_TOKENS - 1} others, "
            f"found {len(labels)} of which the first is {labels[0]!r:.80}"
        )
    for label in labels[1:]:
        if unit == "characters" and len(label) != 1:
            raise ConfigError(f"labels must be single characters (speech.unit is 'characters'), found {label!r:.80}")
        if unit != "characters" and label.split() != [label]:
            raise ConfigError(f"labels must be {unit} without spaces (speech.unit is {unit!r}), found {label!r:.80}")


def _check_shapes(model: ModelFile, tokens: int, stride: int, step: int) -> None:
    frames, field_frames = model.input.shape[1], model.field_frames
    if field_frames < stride:
        raise ConfigError(f"models: {model.file} must have field_frames of at least the stride, {stride}, found {field_frames}")
    if model.takes_windows:
        outputs, rest = divmod(frames - field_frames, stride)
        outputs += 1
    else:
        outputs, rest = divmod(frames, stride)
        if frames != step:
            raise ConfigError(f"models: {model.file} takes {frames} frames a step, but speech.step_ms makes {step}")
    if rest or outputs < 1 or model.output.shape != (1, outputs, tokens):
        raise ConfigError(
            f"models: {model.file} has {frames} frames in and outputs of shape {list(model.output.shape)}, which does not fit "
            f"{tokens} tokens, a field of {field_frames} frames and a stride of {stride}"
        )
