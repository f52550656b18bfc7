"""What a front end computes: one frozen set of constants, shared by training and device through the bundle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from edge_asr.config import setting
from edge_asr.errors import ConfigError


@dataclass(frozen=True)
class FrontendSpec:
    """Waveform to features: framing, spectrum, mel bands, logarithm, MFCC, constant normalisation.

    The defaults are a plain log-mel front end; `presets.PRESETS` has the named ones.
    """

    sample_rate: int = setting(16000, min=4000, max=96000)
    """Samples per second (Hz) that the front end takes. Other rates are resampled before it."""
    window_ms: float = setting(30.0, min=1.0, max=200.0)
    """Length of a frame, in milliseconds."""
    hop_ms: float = setting(20.0, min=1.0, max=200.0)
    """Distance of two frames' starts, in milliseconds; at most `window_ms`."""
    window: Literal["rectangular", "hann", "hamming"] = "hann"
    """Window function; hann and hamming are the periodic forms."""
    preemphasis: float = setting(0.0, min=0.0, max=0.999)
    """y[n] = x[n] - preemphasis * x[n-1], over the whole signal, with x[-1] = 0."""
    fft_length: int = setting(512, min=16, max=16384)
    """Points of the FFT; a power of two, at least the window. The frame is zero-padded to it."""
    spectrum: Literal["power", "magnitude"] = "power"
    """|X|^2 or |X|."""
    divide_by_fft_length: bool = False
    """Divide the spectrum by `fft_length`, as python_speech_features does."""
    mel_bands: int = setting(40, min=4, max=256)
    """Triangular mel filters (HTK scale, 2595 log10(1 + f/700))."""
    low_hz: float = setting(20.0, min=0.0, max=48000.0)
    """Lower edge of the first filter, Hz."""
    high_hz: float = setting(7600.0, min=0.0, max=48000.0)
    """Upper edge of the last filter, Hz; at most half the sample rate. 0 means half the sample rate."""
    mel_edges: Literal["exact", "bins"] = "exact"
    """`exact`: triangles in Hz, sampled at the FFT bins. `bins`: edges rounded down to FFT bins (python_speech_features)."""
    log_floor: float = setting(1e-6, min=1e-30, max=1.0)
    """Smallest value that is taken the (natural) logarithm of."""
    mfcc: int = setting(0, min=0, max=256)
    """Coefficients kept of the orthonormal DCT-II of the log-mel bands; 0 keeps the log-mel bands themselves."""
    lifter: int = setting(0, min=0, max=1000)
    """Sinusoidal lifter length L: coefficient n is multiplied by 1 + L/2 sin(pi n / L); 0 is none."""
    energy: bool = False
    """Replace coefficient 0 by the logarithm of the frame's total spectrum (MFCC only)."""
    input_scale: float = setting(1.0, min=1e-6, max=1e6)
    """Samples in [-1, 1) are multiplied by this first; 32768 makes them int16-valued, as python_speech_features sees them."""
    norm_mean: tuple[float, ...] = setting((0.0,), min=-1e9, max=1e9)
    """Subtracted from the features: one number, or one a feature. A constant, never a clip's own statistic."""
    norm_scale: tuple[float, ...] = setting((1.0,), min=1e-9)
    """Features are divided by this after `norm_mean`: one number, or one a feature."""

    def __post_init__(self) -> None:
        """Check what ties the fields together. Raises `ConfigError`."""
        if self.hop_ms > self.window_ms:
            raise ConfigError(f"hop_ms must be at most window_ms ({self.window_ms}), found {self.hop_ms}")
        for name in ("window_ms", "hop_ms"):
            samples = getattr(self, name) * self.sample_rate / 1000
            if abs(samples - round(samples)) > 1e-6:
                raise ConfigError(f"{name} must be a whole number of samples at {self.sample_rate} Hz, found {samples}")
        if self.fft_length & (self.fft_length - 1) or self.fft_length < self.window_samples:
            need = 1 << (self.window_samples - 1).bit_length()
            raise ConfigError(f"fft_length must be a power of two of at least window_ms ({need}), found {self.fft_length}")
        if not self.low_hz < self.high_edge <= self.sample_rate / 2:
            raise ConfigError(
                f"high_hz must lie above low_hz ({self.low_hz}) and at most at {self.sample_rate / 2}, found {self.high_hz}"
            )
        if self.mfcc > self.mel_bands:
            raise ConfigError(f"mfcc must be at most mel_bands ({self.mel_bands}), found {self.mfcc}")
        if self.energy and not self.mfcc:
            raise ConfigError("energy needs mfcc of at least 1, found mfcc = 0")
        for name in ("norm_mean", "norm_scale"):
            count = len(getattr(self, name))
            if count not in (1, self.features):
                raise ConfigError(f"{name} must have 1 or {self.features} numbers, found {count}")

    @cached_property
    def window_samples(self) -> int:
        """Length of a frame in samples."""
        return round(self.window_ms * self.sample_rate / 1000)

    @cached_property
    def hop_samples(self) -> int:
        """Distance of two frames in samples."""
        return round(self.hop_ms * self.sample_rate / 1000)

    @property
    def high_edge(self) -> float:
        """Upper edge of the last filter in Hz, `high_hz` with its 0 resolved."""
        return self.high_hz or self.sample_rate / 2

    @property
    def features(self) -> int:
        """Numbers a frame."""
        return self.mfcc or self.mel_bands

    def frames_in(self, samples: int) -> int:
        """Full frames in that many samples."""
        return max(0, 1 + (samples - self.window_samples) // self.hop_samples)

    def samples_for(self, frames: int) -> int:
        """Samples that make exactly that many frames (`frames` at least 1)."""
        return self.window_samples + (frames - 1) * self.hop_samples

    def hops_in(self, milliseconds: float) -> int:
        """Hops nearest to that time, at least one."""
        return max(1, round(milliseconds * self.sample_rate / 1000 / self.hop_samples))
