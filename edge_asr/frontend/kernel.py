"""The kernel of the front end: frames of samples to features. `compute` and `StreamingFrontend` both drive it.

Every step works on a frame by itself, so the result does not depend on how many frames are computed together. The steps
count in float64 and the features are rounded to float32 at the end: see docs/design.md, "Decisions".
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.frontend.mel import MelBank, mel_bank
from edge_asr.frontend.pcm import check_samples
from edge_asr.frontend.spec import FrontendSpec

Floats = NDArray[np.float64]

BLOCK_FRAMES = 512
"""Offline audio is worked through in blocks of so many frames, so that an hour needs no more memory than ten seconds."""


class Kernel:
    """The constants of a `FrontendSpec`, derived once."""

    def __init__(self, spec: FrontendSpec) -> None:
        self.spec = spec
        self.window = _window(spec)
        self.mel: MelBank = mel_bank(spec)
        self.dct = _dct(spec)
        self.mean = np.asarray(spec.norm_mean, np.float64)
        self.scale = 1.0 / np.asarray(spec.norm_scale, np.float64)
        self.normalises = bool(self.mean.any() or (self.scale != 1.0).any())
        self.int_scale = spec.input_scale / 32768.0
        self.spectrum_scale = 1.0 / spec.fft_length if spec.divide_by_fft_length else 1.0

    def condition(self, samples: NDArray[Any], previous: float, out: Floats) -> float:
        """Scale and pre-emphasise checked `samples` into `out`, of their length.

        `previous`: the scaled sample before them. Returns the last scaled one.
        """
        if not samples.size:
            return previous
        scale = self.int_scale if samples.dtype == np.int16 else self.spec.input_scale
        np.multiply(samples, scale, out=out, dtype=np.float64)
        last = float(out[-1])
        if self.spec.preemphasis:
            out[1:] -= self.spec.preemphasis * out[:-1]
            out[0] -= self.spec.preemphasis * previous
        return last

    def frames(self, samples: Floats) -> NDArray[np.float32]:
        """Features, float32 (frames, features), of all full frames in conditioned samples."""
        count = self.spec.frames_in(len(samples))
        if not count:
            return np.zeros((0, self.spec.features), np.float32)
        # Overlapping frames without a copy. sliding_window_view does the same, but costs a fifth of a small chunk's time.
        strides = (self.spec.hop_samples * samples.itemsize, samples.itemsize)
        view: Floats = np.ndarray((count, self.spec.window_samples), samples.dtype, samples, strides=strides)
        # Zeros up to the length of the FFT: rfft adds them itself, but takes up to half as long again for it.
        padded = np.zeros((count, self.spec.fft_length))
        np.multiply(view, self.window, out=padded[:, : self.spec.window_samples])
        return self._features(padded)

    def _features(self, frames: Floats) -> NDArray[np.float32]:
        transform = np.fft.rfft(frames)
        spectrum = transform.real**2 + transform.imag**2
        if self.spec.spectrum == "magnitude":
            spectrum = np.sqrt(spectrum)
        if self.spectrum_scale != 1.0:
            spectrum *= self.spectrum_scale
        features = np.log(np.maximum(self.mel.apply(spectrum), self.spec.log_floor))
        if self.spec.mfcc:
            # One (1, bands) x (bands, mfcc) product a frame: a product over all frames may add up in another order.
            features = np.matmul(features[:, None, :], self.dct)[:, 0, :]
            if self.spec.energy:
                features[:, 0] = np.log(np.maximum(np.add.reduce(spectrum, axis=1), self.spec.log_floor))
        if self.normalises:
            features = (features - self.mean) * self.scale
        return features.astype(np.float32)


@lru_cache(maxsize=32)
def kernel_for(spec: FrontendSpec) -> Kernel:
    """The kernel of a spec, shared (it is never changed)."""
    return Kernel(spec)


def compute(samples: NDArray[Any], spec: FrontendSpec) -> NDArray[np.float32]:
    """Features of a whole signal, float32 (frames, features); full frames only, none for less than a window.

    `samples`: (n,) int16, or float32 / float64 in [-1, 1), at `spec.sample_rate`. Raises `AudioError` for anything else.

    The psf preset equals `mfcc` of python_speech_features 0.6 (github.com/jameslyons/python_speech_features).
    """
    check_samples(samples)
    kernel = kernel_for(spec)
    # Pre-emphasis is a pure function of a sample and the one before it, so blocks need only overlap by the window.
    step = BLOCK_FRAMES * spec.hop_samples
    reach = spec.samples_for(BLOCK_FRAMES)
    conditioned, parts = np.empty(min(reach, len(samples))), []
    for start in range(0, max(len(samples), 1), step):
        before = kernel.condition(samples[start - 1 : start], 0.0, conditioned[:1]) if start else 0.0
        part = samples[start : start + reach]
        kernel.condition(part, before, conditioned[: len(part)])
        parts.append(kernel.frames(conditioned[: len(part)])[:BLOCK_FRAMES])
    return np.concatenate(parts)


def _window(spec: FrontendSpec) -> Floats:
    if spec.window == "rectangular":
        return np.ones(spec.window_samples)
    phase = 2.0 * np.pi * np.arange(spec.window_samples) / spec.window_samples
    floor = {"hann": 0.5, "hamming": 0.54}[spec.window]
    return np.asarray(floor - (1.0 - floor) * np.cos(phase), np.float64)


def _dct(spec: FrontendSpec) -> Floats:
    """(bands, mfcc) orthonormal DCT-II with the lifter multiplied in."""
    n = np.arange(spec.mfcc)
    bands = np.arange(spec.mel_bands)[:, None]
    matrix = np.cos(np.pi * n * (2 * bands + 1) / (2 * spec.mel_bands)) * np.sqrt(2.0 / spec.mel_bands)
    if spec.mfcc:
        matrix[:, 0] *= np.sqrt(0.5)
    if spec.lifter:
        matrix *= 1.0 + spec.lifter / 2.0 * np.sin(np.pi * n / spec.lifter)
    return np.asarray(matrix, np.float64)
