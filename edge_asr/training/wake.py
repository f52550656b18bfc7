"""A wake word from a typed phrase: speak, lay out windows, train in rounds, make it int8, choose the threshold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_asr.data.negative_windows import Window, streams
from edge_asr.data.wake_places import WakePlaces
from edge_asr.errors import DataError, TrainingError
from edge_asr.files import write_whole
from edge_asr.training.backend import load_keras
from edge_asr.training.calibrate import calibrate_bundle
from edge_asr.training.threshold import ThresholdChoice
from edge_asr.training.wake_mining import Mined, spoken_sentences
from edge_asr.training.wake_plan import Plan, make_plan
from edge_asr.training.workshop import Collected, Workshop, collect, find_sources, read_places, write_places

if TYPE_CHECKING:
    from edge_asr.training.quantize_report import QuantizeReport

FACTS = "wake.json"
"""In a run folder: voices, counts, seeds, licences, mining rounds."""
REAL_HOURS = 0.2
"""With so much real speech for validation, the threshold is chosen on real audio alone."""


@dataclass(frozen=True)
class WakeResult:
    """What a run leaves."""

    run_dir: Path
    bundle: Path
    plan: Plan
    collected: Collected
    """What it was made of."""
    mined: tuple[Mined, ...]
    """By round."""
    report: QuantizeReport
    choices: tuple[ThresholdChoice, ...]
    """By phrase."""


def train_wake(
    shop: Workshop, places: WakePlaces, *, resume: bool = False, say: Callable[[str], None] = lambda line: None
) -> WakeResult:
    """Make a bundle of the phrases of `shop.recipe` in `shop.run_dir / "bundle"`, its thresholds chosen.

    `say` is told the plan before work starts, and what came of each stage. An interrupted run goes on with `resume`: what was
    spoken, computed, trained and mined is kept. Raises any `EdgeAsrError`.
    """
    if not resume and (shop.run_dir / FACTS).exists():
        raise TrainingError(
            f"{shop.run_dir}: expected an empty folder, found a run; go on with it (--resume) or choose another folder"
        )
    sources = find_sources(shop, places)
    plan = make_plan(shop, sources)
    say(plan.text)
    write_places(shop.run_dir, places)
    _write_facts(shop.run_dir, {"plan": asdict(plan)})
    collected = collect(shop, sources)
    load_keras()
    from edge_asr.training.wake_rounds import train_rounds

    mined = train_rounds(shop, collected)
    for number, found in enumerate(mined, start=1):
        say(f"Mining round {number}: {found.summary()}")
    facts = {"speech": asdict(collected.spoken.summary), "mining": [_without_moments(one) for one in mined]}
    _write_facts(shop.run_dir, {"plan": asdict(plan), **facts})
    bundle = shop.run_dir / "bundle"
    report, choices = _finish(shop, collected, bundle)
    for choice in choices:
        say(str(choice))
    return WakeResult(shop.run_dir, bundle, plan, collected, mined, report, choices)


def quantize_wake(shop: Workshop, bundle: Path) -> tuple[QuantizeReport, tuple[ThresholdChoice, ...]]:
    """Make a finished run int8 once more, with the `[quantize]` and `[detect]` of `shop.recipe`, and choose its thresholds."""
    load_keras()
    collected = collect(shop, find_sources(shop, read_places(shop.run_dir)))
    return _finish(shop, collected, bundle)


def _finish(shop: Workshop, collected: Collected, bundle: Path) -> tuple[QuantizeReport, tuple[ThresholdChoice, ...]]:
    from edge_asr.training.quantize import quantize
    from edge_asr.training.wake_tables import mined_so_far, round_guidance, round_table

    recipe = shop.recipe
    found = mined_so_far(shop)
    guide = round_guidance(shop, collected, found) if recipe.quantize.method == "qat" else None
    report = quantize(
        shop.run_dir,
        round_table(shop, collected, found),
        bundle,
        settings=recipe.quantize,
        detect=recipe.detect,
        teacher_logits=guide.teacher_logits if guide else None,
        progress=shop.progress,
    )
    heard, audio = calibration_audio(collected)
    choices = calibrate_bundle(
        bundle,
        heard,
        shop.wake.target_fa,
        shop.cache_dir / "traces",
        audio=audio,
        workers=shop.workers,
        progress=shop.progress,
    )
    return report, choices


def calibration_audio(collected: Collected) -> tuple[tuple[Window, ...], str]:
    """What the threshold is chosen on, and what it is called: validation's real audio, and sentences of its synthetic voices
    where that is short.
    """
    negatives = collected.sources.material.negatives
    real = streams(negatives, "validation")
    hours = negatives.hours_of("validation")
    if negatives.hours_of("validation", "speech") >= REAL_HOURS:
        return real, f"validation split of the negatives, {hours:.2f} h"
    synthetic = spoken_sentences(collected.spoken, "validation")
    heard = (*real, *streams(synthetic))
    if not heard:
        raise DataError("expected audio to choose the threshold on, found none: name --negatives, or wake.sentence_takes above 0")
    real_part = f"validation split of the negatives, {hours:.2f} h, and " if real else ""
    return heard, f"{real_part}sentences of synthetic voices, {synthetic.hours:.2f} h"


def _without_moments(mined: Mined) -> dict[str, Any]:
    table = asdict(replace(mined, moments=()))
    return {**table, "moments": len(mined.moments)}


def _write_facts(run_dir: Path, facts: dict[str, Any]) -> None:
    write_whole(run_dir / FACTS, (json.dumps(facts, indent=1) + "\n").encode())
