"""A loaded bundle of speech: samples to log probabilities of tokens, which decoders make words of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import Form
from edge_asr.bundle.quantization import quantize
from edge_asr.bundle.speech import AssetRole, SpeechDecodeSpec
from edge_asr.bundle.store import Bundle
from edge_asr.errors import BundleError, ConfigError
from edge_asr.runtime.accelerator import CPU, Accelerator
from edge_asr.runtime.ctc.arpa import read_arpa
from edge_asr.runtime.ctc.hypothesis import Decoder
from edge_asr.runtime.ctc.language_model import LanguageModel
from edge_asr.runtime.ctc.make import make_decoder
from edge_asr.runtime.features import FeatureStream
from edge_asr.runtime.forms import StreamForm
from edge_asr.runtime.grammar import Grammar, read_grammar
from edge_asr.runtime.interpreter import Kernels
from edge_asr.runtime.load import LoadedModel, load_model
from edge_asr.runtime.log_softmax import LogSoftmax
from edge_asr.runtime.speech_forms import OutputTrack, StreamOutputs, WindowOutputs


def load_speech_engine(
    bundle: Path | Bundle,
    *,
    form: Form | None = None,
    threads: int = 1,
    kernels: Kernels = "default",
    accelerator: Accelerator = CPU,
) -> SpeechEngine:
    """Load a bundle of speech; the arguments, and what is raised, are those of `load_model`."""
    return SpeechEngine(load_model(bundle, "speech", form=form, threads=threads, kernels=kernels, accelerator=accelerator))


class SpeechEngine:
    """A speech bundle's model, ready to run. One engine serves many streams, from any threads."""

    def __init__(self, loaded: LoadedModel) -> None:
        """For a bundle of speech."""
        self.manifest = loaded.manifest
        self.model = loaded.model
        """The form that runs."""
        self.interpreter = loaded.interpreter
        self.spec = cast("SpeechDecodeSpec", loaded.manifest.speech)  # a manifest of speech has one
        """How the bundle decodes."""
        self.assets: Mapping[AssetRole, bytes] = loaded.bundle.assets
        """The files of its language model and grammar, where it has them."""
        self._folder = loaded.bundle.path
        self._read, self._silence = LogSoftmax(self.interpreter.output), loaded.silence()
        self._stream: StreamForm | None = None
        if self.model.form == "stream":
            self._stream = StreamForm(self.interpreter, self._silence, self.model.field_frames, self._read)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens, in the order of the log probabilities; the first is the blank."""
        return self.manifest.labels

    @property
    def sample_rate(self) -> int:
        """Samples a second (Hz) that it takes."""
        return self.manifest.frontend.sample_rate

    @property
    def output_seconds(self) -> float:
        """Seconds from one output frame to the next."""
        spec = self.manifest.frontend
        return self.spec.stride_frames * spec.hop_samples / spec.sample_rate

    @property
    def step_frames(self) -> int:
        """Frames from one run of the model to the next."""
        return self.manifest.frontend.hops_in(self.spec.step_ms)

    @property
    def field_samples(self) -> int:
        """Samples that decide an output frame."""
        return self.manifest.frontend.samples_for(self.model.field_frames)

    @cached_property
    def language_model(self) -> LanguageModel | None:
        """The bundle's, read when it is first wanted. Raises `BundleError` when it is damaged."""
        content = self.assets.get("lm")
        return None if content is None else read_arpa(content, f"{self._folder}: language model")

    @cached_property
    def grammar(self) -> Grammar | None:
        """The bundle's, read when it is first wanted. Raises `BundleError` when it is damaged."""
        content = self.assets.get("grammar")
        try:
            return None if content is None else read_grammar(content)
        except ConfigError as err:
            raise BundleError(f"{self._folder}: {err}") from err

    def decoder(
        self,
        spec: SpeechDecodeSpec | None = None,
        *,
        grammar: Grammar | None = None,
        hot_words: Mapping[str, float] | None = None,
    ) -> Decoder:
        """A new decoder, with `grammar`, or with the bundle's; without either with the bundle's language model, if it has one.

        `spec`: how it decodes; None: as the bundle says. `hot_words`: phrase to weight, natural logarithm, as `make_decoder`
        takes them. Raises `ConfigError` when they, or the grammar, do not fit the tokens, or for hot words beside a grammar;
        `BundleError` when what the bundle has is damaged.
        """
        chosen = self.grammar if grammar is None else grammar
        lm = self.language_model if chosen is None else None
        seconds, unit = self.output_seconds, self.spec.unit
        return make_decoder(self.tokens, unit, spec or self.spec, seconds, lm=lm, hot_words=hot_words, grammar=chosen)

    def track(self) -> OutputTrack:
        """What the model keeps of a new stream, for those who make its features themselves."""
        if self._stream is not None:
            return StreamOutputs(self._stream)
        return WindowOutputs(self.interpreter, self._silence, self.spec.stride_frames, self._read)

    def log_prob_stream(self) -> LogProbStream:
        """A new audio stream."""
        return LogProbStream(self)

    def log_probs(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Log probabilities, float32 (outputs, tokens), of a whole recording: what a stream says of it up to its `finish`.

        `samples`: (n,) int16, or float32 / float64 in [-1, 1), at the front end's rate, of any length. Raises `AudioError`.
        """
        stream = self.log_prob_stream()
        return np.concatenate((stream.accept(samples), stream.finish()))


class LogProbStream:
    """One audio stream up to the decoder, independent of how the samples are cut. Not for two threads at once; the engine is.

    Output frame j (from 0) is decided by the frames of the field, of which the newest is front-end frame
    (j + 1) * stride - 1; frame 0 begins at sample 0, and silence came before it.
    """

    def __init__(self, engine: SpeechEngine) -> None:
        """Open a stream on `engine`."""
        self._engine = engine
        self._features = FeatureStream(engine.manifest.frontend, engine.step_frames, first=0)
        self._track = engine.track()
        self._nothing = np.zeros((0, len(engine.tokens)), np.float32)

    @property
    def level(self) -> float:
        """Level of the last chunk in dBFS; see `FeatureStream`."""
        return self._features.level

    @property
    def samples(self) -> int:
        """Samples accepted since the start or `reset`."""
        return self._features.samples

    def reset(self) -> None:
        """Start over: the stream is as new, and begins as if silence (zeros) came before it."""
        self._features.reset()
        self._track.reset()

    def accept(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Take the next samples: log probabilities of the output frames that they complete, float32 (outputs, tokens).

        They come a step at a time, often none. `samples`: (n,) int16, or float32 / float64 in [-1, 1), at the front end's rate;
        n of 0 or more, of any length. Raises `AudioError` for other arrays (and has taken nothing of them) and after `finish`.
        """
        blocks = [self._run(features) for features in self._features.accept(samples)]
        return blocks[0] if len(blocks) == 1 else np.concatenate((self._nothing, *blocks))

    def finish(self) -> NDArray[np.float32]:
        """End the stream: hear at least half a field of silence, to the end of a step, so that the last word is not missed.

        Returns the last output frames. A second call gives none.
        """
        spec, step = self._engine.manifest.frontend, self._engine.step_frames
        heard = self.samples + self._engine.field_samples // 2
        steps = -((spec.window_samples - spec.hop_samples - heard) // (step * spec.hop_samples))
        features = self._features.finish(spec.samples_for(steps * step) - self.samples)
        return self._run(features) if len(features) else self._nothing

    def _run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._track.run(quantize(features, self._engine.model.input))
