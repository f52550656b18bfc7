"""The `[speech]` table of a recipe: what a recogniser learns to write down, and from what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_asr.bundle.speech import Unit
from edge_asr.config import setting
from edge_asr.errors import ConfigError

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh")


@dataclass(frozen=True)
class SpeechSpec:
    """What is learnt. Places of recordings are no part of a recipe: they come with `--data` and `--noise`.

    Counts are of training; validation and test get `held_percent` of each.
    """

    unit: Unit = setting()
    """What the network writes: words of a closed set, characters, or phonemes, of which a grammar makes words."""
    words: tuple[str, ...] = ()
    """With `unit = "words"`: all of them; those of the templates where a recipe names none. Recordings of other words serve as
    sound that is none of them."""
    language: str = "en"
    """BCP 47 tag, or its beginning, of the voices and the transcripts."""
    recordings: bool = True
    """Learn from the recordings under `--data` as they are, each with `augment.copies` varied copies."""
    strings: int = setting(0, min=0, max=10_000_000)
    """Connected strings put together from recordings of single words."""
    string_words: tuple[int, int] = setting((1, 10), min=1, max=100)
    """Words of a string, from and to."""
    gap_ms: tuple[float, float] = setting((-80.0, 400.0), min=-500.0, max=5000.0)
    """From the end of a word to the next one's beginning; below 0 they overlap."""
    close_share: float = setting(0.6, min=0.0, max=1.0)
    """Share of the strings that are said in one go: their gaps are from the lower quarter of `gap_ms`."""
    word_speed: tuple[float, float] = setting((0.9, 1.35), min=0.5, max=2.0)
    """Tempo of the words of a string relative to their recordings (at the same pitch), one for each string: people say a word
    slower alone than in a row."""
    script: Literal["none", "digits", "templates"] = "none"
    """What synthetic voices say: nothing, strings of digits, or sentences from `templates`."""
    templates: str = ""
    """File of sentence templates beside the recipe (Home Assistant's notation)."""
    takes: int = setting(0, min=0, max=1_000_000)
    """Sentences of the script that voices say; each has `augment.copies` varied copies."""
    other_takes: int = setting(0, min=0, max=1_000_000)
    """Other sentences that voices say, of common and rare words. With `unit = "words"` only the set's words are written of them;
    without templates, they have none."""
    engines: tuple[str, ...] = ()
    """Speech synthesisers that may be used, by name (`invoke voices`); none named: all that are found."""
    empty: int = setting(0, min=0, max=1_000_000)
    """Stretches in which nothing is to be written: noise, silence, and recordings of words that are not in `words`."""
    held_percent: float = setting(8.0, min=0.0, max=50.0)
    """Takes, strings and empty stretches of validation, and as many of test, in percent of training's."""
    validation_percent: float = setting(15.0, min=1.0, max=40.0)
    """Synthetic speakers kept for validation."""
    test_percent: float = setting(10.0, min=1.0, max=40.0)
    """Synthetic speakers that neither training nor validation hears."""
    telephone: float = setting(0.25, min=0.0, max=1.0)
    """Share of the copies that sound as through a telephone: 300 to 3400 Hz, 8 kHz, mu-law."""
    lead_ms: tuple[float, float] = setting((0.0, 500.0), min=0.0, max=5000.0)
    """What comes before the speech: silence, and the noise of the copy."""
    trail_ms: tuple[float, float] = setting((300.0, 800.0), min=0.0, max=5000.0)
    """What comes behind it, likewise: a causal network writes the last word when it is over."""

    @property
    def unheard(self) -> tuple[str, ...]:
        """What other speech must not hold. Of sentences the small words are everywhere: there, it may hold all of them."""
        return () if self.script == "templates" else self.words

    def __post_init__(self) -> None:
        """Check what ties the fields together. Raises `ConfigError`."""
        if (self.unit == "words") != bool(self.words):
            raise ConfigError(
                f"words must be named with unit = 'words', and only then; found {self.unit!r} and {list(self.words)}"
            )
        if len(set(self.words)) != len(self.words) or any(not word or word != word.strip().lower() for word in self.words):
            raise ConfigError(f"words must be different and in lower case, found {list(self.words)}")
        if self.script == "digits" and self.unit == "words" and not set(self.words) <= set(DIGITS):
            raise ConfigError(
                f"script = 'digits' says {', '.join(DIGITS)}: words must be some of these, found {list(self.words)}"
            )
        if (self.script == "templates") != bool(self.templates):
            raise ConfigError(f"templates must name a file with script = 'templates', and only then, found {self.templates!r}")
        if self.takes and self.script == "none":
            raise ConfigError(f"takes must be 0 without a script, found {self.takes}")
        for name in ("string_words", "gap_ms", "word_speed", "lead_ms", "trail_ms"):
            low, high = getattr(self, name)
            if low > high:
                raise ConfigError(f"{name} must be [low, high] with low at most high, found [{low}, {high}]")
