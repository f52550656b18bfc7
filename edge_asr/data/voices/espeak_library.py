"""libespeak-ng through ctypes (its speak_lib.h). One user at a time in a process."""

from __future__ import annotations

import _ctypes
import ctypes
import itertools
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

from edge_asr.errors import SynthesisError

SAMPLE_RATE = 22050
"""Hz, of all its formant voices."""
LONGEST_DATA_PATH = 150
"""eSpeak cuts the path of its data off at 160 characters and then looks elsewhere."""
INSTALL = "install the 'synth' extra: pip install 'edge-asr[synth]'"

_OUTPUT_SYNCHRONOUS, _DONT_EXIT, _UTF8, _SSML = 2, 0x8000, 1, 0x10
_EVENT_LIST_TERMINATED, _EVENT_WORD, _EVENT_END = 0, 1, 5
_IPA, PHONEME_SEPARATOR = 2, "_"
_in_use = threading.Lock()


class Parameter(IntEnum):
    """espeak_PARAMETER."""

    RATE = 1
    PITCH = 3
    PITCH_RANGE = 4


class _VoiceStruct(ctypes.Structure):
    """espeak_VOICE."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("internal", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class _EventStruct(ctypes.Structure):
    """espeak_EVENT."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_EventStruct))


class Mark(NamedTuple):
    """Where a word begins, or (`length` 0) a clause ends."""

    sample: int
    position: int
    """In the text, characters."""
    length: int
    """Characters."""


class EspeakLibrary:
    """The loaded and initialised library."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def accents(self) -> dict[str, str]:
        """Its languages and accents, such as `en-gb`, each with the name that `synthesise` knows it by, such as `en`."""
        # espeak_VOICE.languages is a priority byte, then a language tag, then others that the voice also serves.
        voices = [(bytes(voice.languages[1:]).decode().lower(), voice.identifier.decode()) for voice in self._list(None)]
        # The first file of a language stands last, so that it is the one that is kept.
        return {language: file.rpartition("/")[2] for language, file in sorted(voices, reverse=True)}

    def variants(self) -> list[str]:
        """Names of its speaker variants, such as `f3`, which go behind an accent and a `+`."""
        voices = self._list(_VoiceStruct(languages=b"variant"))
        return sorted(voice.identifier.decode().removeprefix("!v/") for voice in voices)

    def synthesise(
        self, text: str, voice: str, parameters: Mapping[Parameter, int], *, ssml: bool = False
    ) -> tuple[bytes, list[Mark]]:
        """16-bit mono samples in the machine's byte order, and where words and clauses are in them.

        `voice`: an accent's file, then perhaps `+` and a variant. `ssml`: `text` has SSML tags. Raises `SynthesisError`.
        """
        heard: list[bytes] = []
        marks: list[Mark] = []

        def on_samples(samples: int | None, count: int, events: Any) -> int:
            if samples and count > 0:
                heard.append(ctypes.string_at(samples, count * 2))
            for index in itertools.count():
                event = events[index]
                if event.type == _EVENT_LIST_TERMINATED:
                    break
                if event.type in (_EVENT_WORD, _EVENT_END):
                    marks.append(Mark(event.sample, event.text_position - 1, event.length))
            return 0

        callback = _CALLBACK(on_samples)
        self._library.espeak_SetSynthCallback(callback)
        # The order counts: choosing a voice sets the parameters to that voice's own.
        self._check(self._library.espeak_SetVoiceByName(voice.encode()), f"choosing the voice {voice!r}")
        for parameter, value in parameters.items():
            self._check(self._library.espeak_SetParameter(int(parameter), value, 0), f"setting {parameter.name}")
        data = text.encode(errors="replace")
        code = self._library.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, 1, 0, _UTF8 | _SSML * ssml, None, None)
        self._check(code, f"saying {text!r:.80}")
        return b"".join(heard), marks

    def phonemes(self, texts: Sequence[str], voice: str) -> list[str]:
        """What `voice` would say for each text, in the International Phonetic Alphabet as eSpeak writes it.

        A stress mark stands before its vowel, `PHONEME_SEPARATOR` between phonemes, a space between words; `(en)` and the like
        mark a change of language. Raises `SynthesisError`.
        """
        self._check(self._library.espeak_SetVoiceByName(voice.encode()), f"choosing the voice {voice!r}")
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        return [" ".join(self._clauses(text)) for text in texts]

    def _clauses(self, text: str) -> Iterator[str]:
        rest = ctypes.c_char_p(text.encode(errors="replace"))
        while rest.value is not None:
            mode = _IPA | ord(PHONEME_SEPARATOR) << 8
            yield (self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, mode) or b"").decode()

    def _list(self, wanted: _VoiceStruct | None) -> list[Any]:
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceStruct))
        found = self._library.espeak_ListVoices(ctypes.byref(wanted) if wanted else None)
        voices: list[Any] = []
        while found[len(voices)]:
            voices.append(found[len(voices)].contents)
        return voices

    @staticmethod
    def _check(code: int, doing: str) -> None:
        if code:
            raise SynthesisError(f"espeak failed with code {code} when {doing}")


@contextmanager
def espeak_library() -> Iterator[EspeakLibrary]:
    """Load libespeak-ng, initialise it, and unload it afterwards; another thread that wants it waits so long.

    It is loaded anew each time (4 ms) because it keeps the phase of its flutter and the state of its noise from one
    utterance to the next, and nothing but unloading resets them: else the same text would sound a little different
    each time, and a data set made with it could not be made again. Raises `SynthesisError`.
    """
    with _in_use:
        library, data = _load()
        try:
            with _short_path(data) as path:
                rate = library.espeak_Initialize(_OUTPUT_SYNCHRONOUS, 0, os.fsencode(path), _DONT_EXIT)
                if rate != SAMPLE_RATE:
                    raise SynthesisError(f"espeak can't use its data in {data} (it answered {rate}); {INSTALL}")
                try:
                    library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # else it takes the time of day
                    yield EspeakLibrary(library)
                finally:
                    library.espeak_Terminate()
        finally:
            _unload(library)


def _load() -> tuple[ctypes.CDLL, Path]:
    try:
        import espeakng_loader

        return ctypes.CDLL(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())
    except (ImportError, OSError, RuntimeError) as err:
        raise SynthesisError(f"no speech synthesiser ({err}); {INSTALL}") from err


@contextmanager
def _short_path(path: Path) -> Iterator[Path]:
    """`path`, or a link to it with a path that fits eSpeak's buffer."""
    if len(os.fsencode(path)) <= LONGEST_DATA_PATH:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="espeak") as folder:
        link = Path(folder) / "espeak-ng-data"
        link.symlink_to(path, target_is_directory=True)
        yield link


def _unload(library: ctypes.CDLL) -> None:
    """Ctypes has no public way to unload."""
    close = getattr(_ctypes, "dlclose", None) or _ctypes.FreeLibrary  # type: ignore[attr-defined]
    close(library._handle)
