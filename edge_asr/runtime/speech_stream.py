"""One audio stream to what was said in it: samples in, partial and final transcripts out, independent of how it is cut.

The recogniser runs while the gate is open, on the stretch of an utterance and nothing else: it begins as if silence had come
before it, and ends with silence. So an utterance says, bit for bit, what the recogniser says offline of the samples from its
`start` to its `end`, and silence costs no more than the gate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.speech import EndpointSpec
from edge_asr.errors import AudioError
from edge_asr.frontend.pcm import as_float, check_samples
from edge_asr.runtime.ctc.hypothesis import Decoder, Word
from edge_asr.runtime.events import Final, Partial, SpeechEvent
from edge_asr.runtime.speech_engine import SpeechEngine
from edge_asr.runtime.speech_gate import SpeechGate
from edge_asr.runtime.voice import voice_detector


class SpeechStream:
    """The state of one audio stream. Not for two threads at once; the engine is.

    Samples are held until a step of the model is complete, and events come at the ends of steps, at most one `Partial` at each.
    """

    def __init__(self, engine: SpeechEngine, decoder: Decoder, endpoint: EndpointSpec | None) -> None:
        """`decoder`: the stream's own. `endpoint`: when utterances begin and end; None makes one of the whole stream.

        Raises `ConfigError` as `voice_detector` does.
        """
        self.sample_rate = engine.sample_rate
        self.step_samples = engine.step_frames * engine.manifest.frontend.hop_samples
        """Samples from one step to the next, from the beginning of the stream on."""
        self._log_probs, self._decoder = engine.log_prob_stream(), decoder
        self._gate = endpoint and SpeechGate(voice_detector(endpoint, self.sample_rate), endpoint, self.sample_rate)
        self.reset()

    def reset(self, at: int = 0) -> None:
        """Start over: the stream is as new. Its first sample is number `at` of a longer one, whose times its events give."""
        self._at, self._heard, self._finished = at, 0, False
        self._rest, self._recent = np.zeros(0), np.zeros(0)
        self._start: int | None = None
        if self._gate:
            self._gate.reset()
        else:
            self._begin(0)

    def prime(self, samples: NDArray[np.float64]) -> None:
        """Let the gate learn the room's noise from what came before the stream, float64 (n,) in [-1, 1)."""
        if self._gate:
            self._gate.prime(samples)

    @property
    def learns_from(self) -> int:
        """Samples that `prime` makes use of."""
        return self._gate.learns_from if self._gate else 0

    @property
    def samples(self) -> int:
        """Samples accepted since the start or `reset`."""
        return self._heard + len(self._rest)

    @property
    def speaking(self) -> bool:
        """Whether an utterance is under way."""
        return self._start is not None

    def accept(self, samples: NDArray[Any]) -> list[SpeechEvent]:
        """Take the next samples and return the events that they complete, in order.

        `samples`: (n,) int16, or float32 / float64 in [-1, 1), at the front end's rate; n of 0 or more, of any length.
        Raises `AudioError` for other arrays (and has taken nothing of them) and after `finish`.
        """
        if self._finished:
            raise AudioError("expected no samples after finish(); call reset() to start a new stream")
        check_samples(samples)
        events: list[SpeechEvent] = []
        at = 0
        while at < len(samples):
            part = samples[at : at + self.step_samples - len(self._rest)]
            at += len(part)
            self._rest = np.concatenate((self._rest, as_float(part)))
            if len(self._rest) == self.step_samples:
                events += self._step()
        return events

    def finish(self) -> list[SpeechEvent]:
        """End the stream, and with it the utterance that is under way. A second call does nothing."""
        if self._finished:
            return []
        events = self._step()
        self._finished = True
        return events if self._start is None else [*events, self._end(self._heard)]

    def _step(self) -> list[SpeechEvent]:
        """Work through the samples that were held."""
        block, self._rest = self._rest, np.zeros(0)
        self._recent = np.concatenate((self._recent, block))
        self._heard += len(block)
        events: list[SpeechEvent] = []
        for change in self._gate.accept(block) if self._gate else ():
            if change.open:
                self._begin(change.sample)
            else:
                events.append(self._end(change.sample))
        if self._start is not None:
            events += self._go_on()
        kept = self._gate.memory_samples if self._gate else 0
        self._recent = self._recent[max(0, len(self._recent) - kept) :]
        return events

    def _begin(self, sample: int) -> None:
        self._start, self._said, self._text = sample, sample, ""
        self._log_probs.reset()
        self._decoder.reset()

    def _go_on(self) -> list[SpeechEvent]:
        self._decode(self._heard)
        text = self._decoder.best().text
        if text == self._text:
            return []
        self._text = text
        return [Partial(text, self._seconds(self._heard))]

    def _decode(self, end: int) -> None:
        """Hear the utterance on, up to sample `end`."""
        offset = self._heard - len(self._recent)
        self._decoder.advance(self._log_probs.accept(self._recent[self._said - offset : end - offset]))
        self._said = end

    def _end(self, sample: int) -> Final:
        assert self._start is not None
        self._decode(sample)
        self._decoder.advance(self._log_probs.finish())
        said = self._decoder.finish()
        start, end = self._seconds(self._start), self._seconds(sample)
        self._start = None
        words = tuple(
            Word(word.text, min(start + word.start, end), min(start + word.end, end), word.confidence) for word in said.words
        )
        return Final(said.text, start, end, said.confidence, words, said.intent, said.slots, said.rejected)

    def _seconds(self, sample: int) -> float:
        return (self._at + sample) / self.sample_rate
