"""What making a wake word will take: said before it starts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from edge_asr.data.clips import SPLITS
from edge_asr.data.speech_embedding import has_speech_embedding
from edge_asr.data.voices.jobs import engine_shares
from edge_asr.data.wake_dataset import HELD_BACK
from edge_asr.data.wake_takes import takes_in
from edge_asr.training.workshop import Sources, Workshop

TAKES_A_SECOND = {"kokoro": 1.0, "piper": 5.0, "festival": 4.0, "flite": 40.0, "espeak": 120.0}
OTHER_TAKES_A_SECOND = 20.0
"""Of engines that were not measured. All rates are a core's, on an x86 server of 2023."""
WINDOWS_A_SECOND = 300.0
EMBEDDED_A_SECOND = 60.0
CLIPS_A_SECOND = 2500.0
"""Trained, on two cores; more cores hardly help networks this small."""
HOURS_HEARD_AN_HOUR = 300.0
CONVERSION_SECONDS = 40.0
GOOD_ENGINES = ("piper", "kokoro")
ENOUGH_HOURS = 5.0


@dataclass(frozen=True)
class Stage:
    """A part of the work."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Plan:
    """What will be used, how long it will take, and what would help."""

    phrases: tuple[str, ...]
    language: str
    speakers: dict[str, int]
    """By engine."""
    takes: dict[str, int]
    """To train on, by role."""
    negatives: str
    recordings: str
    windows: int
    """Feature windows, all variants."""
    stages: tuple[Stage, ...]
    advice: tuple[str, ...]
    """The cheapest step that would help most first."""

    @property
    def text(self) -> str:
        """For people, before the start."""
        engines = ", ".join(f"{name} {count}" for name, count in self.speakers.items())
        takes = ", ".join(f"{count:,} {role.replace('_', ' ')}" for role, count in self.takes.items())
        times = ", ".join(f"{stage.name} {_minutes(stage.seconds)}" for stage in self.stages)
        lines = [
            f"Phrases:     {', '.join(self.phrases)} ({self.language})",
            f"Speakers:    {engines}",
            f"Takes:       {takes}",
            f"Negatives:   {self.negatives}",
            f"Recordings:  {self.recordings}",
            f"Windows:     {self.windows:,}",
            f"Time:        about {_minutes(sum(stage.seconds for stage in self.stages))} ({times}); "
            "estimated from rates measured elsewhere, without what is in the cache",
        ]
        return "\n".join(lines + [f"Would help:  {line}" for line in self.advice])


def make_plan(shop: Workshop, sources: Sources) -> Plan:
    """Count what `sources` will come to."""
    material, wake = sources.material, shop.wake
    takes: Counter[str] = Counter()
    for script in sources.scripts:
        takes[script.role] += script.takes
    voices = [voice for split in SPLITS for voice in material.voices[split]]
    speakers = Counter(engine for engine, _ in {(voice.engine, voice.speaker) for voice in voices})
    windows = round(takes["phrase"] * (1 + wake.partial_share + wake.gone_share)) + sum(takes.values()) - takes["phrase"]
    windows += wake.noise_windows + (wake.negative_windows if material.negatives.clips else 0)
    varied = windows * (1 + shop.recipe.augment.copies) + round(windows * HELD_BACK)
    own = "none" if material.recordings is None else material.recordings.summary()
    return Plan(
        phrases=wake.phrases,
        language=wake.language,
        speakers=dict(speakers),
        takes=dict(takes),
        negatives=material.negatives.summary(),
        recordings=own,
        windows=varied,
        stages=_stages(shop, sources, sum(takes.values()), varied),
        advice=_advice(shop, speakers, sources),
    )


def _stages(shop: Workshop, sources: Sources, takes: int, windows: int) -> tuple[Stage, ...]:
    recipe, wake = shop.recipe, shop.wake
    cores = max(1, shop.workers)
    asked = sum(takes_in(split, takes, wake) for split in SPLITS)
    shares = engine_shares(sources.material.voices["train"])
    speaking = sum(asked * share / TAKES_A_SECOND.get(name, OTHER_TAKES_A_SECOND) for name, share in shares.items()) / cores
    spec = recipe.train
    epochs = spec.epochs + wake.mining_rounds * wake.mining_epochs + recipe.quantize.qat_epochs
    training = epochs * (spec.per_unknown + spec.per_keyword * len(wake.phrases)) / CLIPS_A_SECOND
    heard = min(wake.mining_hours, sources.material.negatives.hours_of("train")) * wake.mining_rounds
    mining = heard * 3600 / HOURS_HEARD_AN_HOUR / cores + wake.mining_rounds * CONVERSION_SECONDS
    return (
        Stage("speaking", speaking),
        Stage("windows", windows / WINDOWS_A_SECOND / cores),
        Stage("embeddings", windows / EMBEDDED_A_SECOND / cores if wake.guided and has_speech_embedding() else 0.0),
        Stage("training", training),
        Stage("mining", mining),
        Stage("int8", CONVERSION_SECONDS),
    )


def _advice(shop: Workshop, speakers: Counter[str], sources: Sources) -> tuple[str, ...]:
    material = sources.material
    advice = []
    hours = material.negatives.hours_of(kind="speech")
    if not hours:
        advice.append(
            "REAL NEGATIVES ARE MISSING: --negatives DIR with hours of speech and everyday noise (any recordings do). Without "
            "them nobody knows how often the word will be heard where nobody said it: the threshold rests on synthetic voices."
        )
    elif hours < ENOUGH_HOURS:
        advice.append(
            f"more real negatives: {hours:.1f} h of speech are few; half a false accept an hour shows in {ENOUGH_HOURS:g} h"
        )
    if shop.wake.guided and not has_speech_embedding():
        advice.append("pip install pyopen-wakeword: its speech embedding, learnt from people, guides the training")
    if not any(engine in speakers for engine in GOOD_ENGINES):
        advice.append("a neural voice engine (invoke voices says how): formant voices alone teach a machine's accent")
    if material.recordings is None:
        advice.append("twenty recordings of the phrase by its users: edge-asr record, then --recordings DIR")
    if not material.negatives.of(kind="noise"):
        advice.append("noise of the place where it will listen: --noise DIR; white, pink and brown noise stand for it now")
    return tuple(advice)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
