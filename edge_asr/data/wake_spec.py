"""The `[wake]` table of a recipe: which phrases, and how much of what they are learnt from."""

from __future__ import annotations

from dataclasses import dataclass

from edge_asr.bundle.manifest import UNKNOWN
from edge_asr.bundle.phrase import phrase_label
from edge_asr.config import setting
from edge_asr.errors import ConfigError


@dataclass(frozen=True)
class WakeSpec:
    """A wake word from a typed phrase. Takes are spoken by synthetic voices; places of recordings are no part of a recipe."""

    phrases: tuple[str, ...] = setting()
    """What wakes. Each becomes a label: `smart mirror` is `smart_mirror`."""
    language: str = "en"
    """BCP 47 tag, or its beginning, of the voices and of what they say."""
    engines: tuple[str, ...] = ()
    """Speech synthesisers that may be used, by name (`invoke voices`); none named: all that are found."""
    positives: int = setting(1600, min=4, max=1000000)
    """Takes of each phrase."""
    near_misses: int = setting(80, min=0, max=10000)
    """Different words and phrases that sound like each phrase."""
    near_miss_distance: float = setting(0.12, min=0.0, max=1.0)
    """How far these and parts of the phrase are from it at least, in phonemes for each of its phonemes. What is nearer ("smart
    mere") is how people of other accents say the phrase, and would cost more of them than it spares."""
    near_miss_takes: int = setting(600, min=0, max=1000000)
    """Takes of these, for each phrase."""
    part_takes: int = setting(200, min=0, max=1000000)
    """Takes of single parts of each phrase, and of it with a part missing."""
    sentence_takes: int = setting(300, min=0, max=1000000)
    """Takes of other sentences: without them, any synthetic voice would do."""
    negative_windows: int = setting(8000, min=0, max=10000000)
    """Places in real speech and noise, drawn evenly over the files' durations; each variant is another window there."""
    noise_windows: int = setting(400, min=0, max=1000000)
    """Windows with nothing but noise, or digital silence."""
    recording_weight: int = setting(8, min=1, max=1000)
    """How often each of the user's own recordings counts, beside a synthetic take."""
    validation_percent: float = setting(12.0, min=1.0, max=40.0)
    """Synthetic speakers kept for validation."""
    test_percent: float = setting(5.0, min=1.0, max=40.0)
    """Synthetic speakers that neither training nor validation hears: they speak in the demo."""
    end_ms: tuple[float, float] = setting((0.0, 300.0), min=0.0, max=1000.0)
    """How long before the window's end the phrase ends."""
    partial_share: float = setting(0.25, min=0.0, max=1.0)
    """For this share of the phrase's takes there is also a window that ends in the middle of it: not the phrase yet."""
    partial_span: tuple[float, float] = setting((0.2, 0.65), min=0.0, max=0.95)
    """How much of the phrase is said by then."""
    gone_share: float = setting(0.2, min=0.0, max=1.0)
    """For this share there is also a window in which the phrase lies back: not the phrase any more."""
    gone_ms: tuple[float, float] = setting((600.0, 1200.0), min=0.0, max=5000.0)
    """How far back it ended."""
    surrounded: float = setting(0.5, min=0.0, max=1.0)
    """Share of the windows in which other speech stands before and after; in the others it is silence."""
    gap_ms: tuple[float, float] = setting((0.0, 400.0), min=0.0, max=2000.0)
    """The pause between that and the phrase."""
    guided: bool = True
    """Learn also what Google's speech embedding makes of each window, and what heads on it answer, where it is installed."""
    mining_rounds: int = setting(2, min=0, max=20)
    """How often the model is run over what it must not react to, to go on with what it did react to."""
    mining_hours: float = setting(10.0, min=0.0, max=10000.0)
    """How much of the training split's real negatives a round listens to, at most."""
    mining_windows: int = setting(1000, min=1, max=1000000)
    """The highest scores of a round that are taken, at most."""
    mining_weight: int = setting(3, min=1, max=1000)
    """How often each of them counts, beside another negative."""
    mining_epochs: int = setting(10, min=1, max=10000)
    """Epochs after each round; they begin with the weights that were mined with."""
    mining_learning_rate: float = setting(1e-3, min=1e-8, max=10.0)
    mining_threshold: float = setting(0.3, min=0.0, max=1.0)
    """What is fetched reaches this score."""
    target_fa: float = setting(0.5, min=0.0, max=1000.0)
    """False accepts an hour that the threshold is chosen for."""

    def __post_init__(self) -> None:
        """Check the phrases and that ranges rise. Raises `ConfigError`."""
        if not self.phrases:
            raise ConfigError("phrases must name at least one phrase, found []")
        if len(set(self.labels)) != len(self.labels):
            raise ConfigError(f"phrases must be different, found {', '.join(self.phrases)}")
        for name in ("end_ms", "partial_span", "gone_ms", "gap_ms"):
            low, high = getattr(self, name)
            if low > high:
                raise ConfigError(f"{name} must be [low, high] with low at most high, found [{low}, {high}]")
        if self.gone_ms[0] <= self.end_ms[1]:
            raise ConfigError(f"gone_ms must begin behind the end of end_ms ({self.end_ms[1]}), found {self.gone_ms[0]}")

    @property
    def labels(self) -> tuple[str, ...]:
        """`_unknown_`, then each phrase's."""
        return (UNKNOWN, *map(phrase_label, self.phrases))
