"""What telephone lines do to a voice: codecs of 13 to 64 kbit/s, and packets that are lost."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.spectral import equalize
from edge_asr.data.telephone import BAND, TELEPHONE_RATE
from edge_asr.data.voices.sound_files import load_soundfile
from edge_asr.frontend.resample import resample

PACKET_SECONDS = 0.02
STILL_LOST = 0.5
"""Probability that the packet after a lost one is lost too (Gilbert's model of a bursty channel, 1960)."""
CONCEALED = 0.7
"""A lost packet is replaced by the last one that came, each time so much weaker."""


class LineCodec(NamedTuple):
    """A codec as libsndfile names it."""

    container: str
    subtype: str


LINE_CODECS = {
    "mu-law": LineCodec("WAV", "ULAW"),
    "a-law": LineCodec("WAV", "ALAW"),
    "adpcm": LineCodec("AU", "G721_32"),
    "gsm": LineCodec("WAV", "GSM610"),
}
"""ITU-T G.711 (64 kbit/s), G.721 (32 kbit/s), GSM 06.10 full rate (13 kbit/s), all at 8 kHz."""


def through_line(
    samples: NDArray[np.float32], sample_rate: int, codec: LineCodec, lost: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """`samples`, float32 (n,) in [-1, 1] at `sample_rate` Hz, as they come out of a telephone: (n,) at the same rate.

    `lost`: share of the packets that are lost, 0 to below 1. Raises `SynthesisError` without soundfile.
    """
    soundfile, narrow = load_soundfile(), resample(equalize(samples, BAND, sample_rate), sample_rate, TELEPHONE_RATE)
    content = io.BytesIO()
    soundfile.write(content, narrow, TELEPHONE_RATE, format=codec.container, subtype=codec.subtype)
    content.seek(0)
    decoded, _ = soundfile.read(content, dtype="float32")
    wide = resample(lose_packets(decoded, lost, rng), TELEPHONE_RATE, sample_rate)
    return np.pad(wide, (0, max(0, len(samples) - len(wide))))[: len(samples)]


def lose_packets(samples: NDArray[np.float32], lost: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """`samples` (n,) at 8 kHz with a share `lost` of their packets replaced by fading copies of the last one that came."""
    size = round(PACKET_SECONDS * TELEPHONE_RATE)
    packets = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size).copy()
    begins = lost * (1 - STILL_LOST) / (1 - lost)
    away = False
    for number in range(1, len(packets)):
        away = bool(rng.random() < (STILL_LOST if away else begins))
        if away:
            packets[number] = packets[number - 1] * np.float32(CONCEALED)
    return packets.reshape(-1)[: len(samples)]
