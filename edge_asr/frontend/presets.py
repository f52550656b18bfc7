"""Named front ends. A recipe starts from one (`preset = "logmel40"`) and may change any field."""

from __future__ import annotations

from edge_asr.frontend.spec import FrontendSpec

PRESETS: dict[str, FrontendSpec] = {
    # python_speech_features 0.6, mfcc() with its defaults, on int16 samples at 16 kHz.
    "psf": FrontendSpec(
        window_ms=25.0,
        hop_ms=10.0,
        window="rectangular",
        preemphasis=0.97,
        fft_length=512,
        divide_by_fft_length=True,
        mel_bands=26,
        low_hz=0.0,
        high_hz=0.0,
        mel_edges="bins",
        log_floor=2.220446049250313e-16,
        mfcc=13,
        lifter=22,
        energy=True,
        input_scale=32768.0,
    ),
    # 49 x 10 MFCC a second (Zhang et al., Hello Edge, arXiv 1711.07128: 40 ms frames, 20 ms apart, 20 to 4000 Hz).
    "dscnn": FrontendSpec(
        window_ms=40.0,
        hop_ms=20.0,
        fft_length=1024,
        spectrum="magnitude",
        low_hz=20.0,
        high_hz=4000.0,
        log_floor=1e-4,
        mfcc=10,
    ),
    # 49 x 40 log-mel bands a second.
    "logmel40": FrontendSpec(),
}
