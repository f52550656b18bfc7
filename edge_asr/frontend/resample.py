"""Sample rate conversion through soxr: streaming, and offline as the same thing run at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import AudioError
from edge_asr.frontend.pcm import as_float


class StreamingResampler:
    """Mono audio from one rate to another in chunks of any length (libsoxr, high quality).

    Raises `AudioError` when the soxr package is missing: on a device it is the extra `edge-asr[resample]`.
    """

    def __init__(self, rate_in: int, rate_out: int) -> None:
        if not (1000 <= rate_in <= 768000 and 1000 <= rate_out <= 768000):
            raise AudioError(f"expected sample rates of 1000 to 768000 Hz, found {rate_in} and {rate_out}")
        self.rate_in, self.rate_out = rate_in, rate_out
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._stream: Any = _soxr_stream(self.rate_in, self.rate_out) if self.rate_in != self.rate_out else None

    def accept(self, chunk: NDArray[Any]) -> NDArray[np.float32]:
        """The output samples that `chunk` completes, float32 (n,). `chunk` as in `StreamingFrontend.accept`."""
        return self._push(as_float(chunk).astype(np.float32), last=False)

    def finish(self) -> NDArray[np.float32]:
        """The samples still inside; the resampler is then as after `reset`."""
        rest = self._push(np.zeros(0, np.float32), last=True)
        self.reset()
        return rest

    def _push(self, samples: NDArray[np.float32], *, last: bool) -> NDArray[np.float32]:
        if self._stream is None:
            return samples
        return np.asarray(self._stream.resample_chunk(samples, last=last), np.float32)


def resample(samples: NDArray[Any], rate_in: int, rate_out: int) -> NDArray[np.float32]:
    """A whole mono signal at another rate: float32 (n,), what the streaming resampler gives for it."""
    resampler = StreamingResampler(rate_in, rate_out)
    # The whole signal in one call: `finish` would make a new stream, which costs as much as resampling a second.
    return resampler._push(as_float(samples).astype(np.float32), last=True)


def _soxr_stream(rate_in: int, rate_out: int) -> Any:
    try:
        import soxr
    except ModuleNotFoundError as err:
        raise AudioError(
            f"audio at {rate_in} Hz must be resampled to {rate_out} Hz, which needs soxr: pip install 'edge-asr[resample]', "
            f"or record at {rate_out} Hz"
        ) from err
    return soxr.ResampleStream(rate_in, rate_out, 1, dtype="float32", quality="HQ")
