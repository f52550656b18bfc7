"""The demo: from a typed phrase to an int8 model that hears it in a minute of talk, offline, in a few minutes.

Everything it calls is what `invoke train --phrase` and `edge-asr listen` call.
"""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_asr.data.wake_places import WakePlaces
from edge_asr.files import write_whole
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.runtime.engine import load_engine
from edge_asr.runtime.events import Detection
from edge_asr.training.recipe import Recipe
from edge_asr.training.talk import Talk, heard, make_talk
from edge_asr.training.wake import WakeResult, train_wake
from edge_asr.training.wake_recipe import wake_recipe
from edge_asr.training.workshop import Workshop

RECIPE = Path(__file__).parents[2] / "models" / "wake"
PHRASE = "computer"
TALK_SECONDS = 60.0
# fmt: off
SETTINGS = (
    'wake.engines=["espeak", "flite"]', "wake.guided=false", "wake.positives=800", "wake.near_miss_takes=500",
    "wake.part_takes=150", "wake.sentence_takes=800", "wake.noise_windows=80", "wake.mining_rounds=1", "wake.mining_epochs=4",
    "wake.validation_percent=20", "wake.test_percent=8", "wake.target_fa=5.0", "augment.copies=3", "train.epochs=30",
    "augment.noise_probability=0.4", "augment.reverb_probability=0.2", "train.per_keyword=1200", "train.per_unknown=2400",
    "train.batch_size=64", 'quantize.method="ptq"',
)
# fmt: on
"""What makes the recipe of `invoke train --phrase` short: fewer takes of the fastest voices, fewer epochs. Minutes of synthetic
speech tell nothing about half a false accept an hour; the threshold is chosen for a rate that they can almost show."""

Say = Callable[[str], None]
"""Takes a line that tells what happens."""


@dataclass(frozen=True)
class DemoResult:
    """What the demo leaves."""

    wake: WakeResult
    talk_file: Path
    talk: Talk
    detections: tuple[Detection, ...]
    """What was heard in the talk."""


def demo_recipe(settings: Sequence[str] = SETTINGS) -> Recipe:
    """The recipe of wake words, with `settings`. Raises `ConfigError`."""
    return replace(wake_recipe(RECIPE, [PHRASE], overrides=settings), name="demo")


def run_demo(
    folder: Path,
    progress: Progress = no_progress,
    say: Say = lambda line: None,
    *,
    recipe: Recipe | None = None,
    workers: int = 2,
) -> DemoResult:
    """Speak a phrase, train, quantise, choose the threshold and listen, all in `folder`; interrupted, it goes on where it was.

    `recipe`: instead of `demo_recipe()`. Raises what these steps raise.
    """
    recipe = recipe or demo_recipe()
    say("1/2  A wake word from a phrase")
    shop = Workshop(recipe, folder / "run", folder / "cache", workers, progress)
    wake = train_wake(
        shop, WakePlaces(), resume=True, say=lambda text: say("\n".join(f"     {line}" for line in text.split("\n")))
    )
    say(f"     int8: {wake.report.model_bytes:,} bytes")
    say(f"2/2  Listening to {TALK_SECONDS:g} seconds of talk by voices that it has not heard")
    engine = load_engine(wake.bundle)
    rate = engine.manifest.frontend.sample_rate
    talk = make_talk(wake.collected.spoken, engine.labels, TALK_SECONDS, rate, recipe.train.seed)
    talk_file = folder / "talk.wav"
    write_whole(talk_file, encode_wav(talk.samples, rate))
    stream = engine.stream()
    events = stream.accept(talk.samples) + stream.finish()
    detections = tuple(event for event in events if isinstance(event, Detection))
    _tell(talk, detections, say)
    say("")
    say(f"The model: {wake.bundle}")
    say(f'Your own:  {_command("invoke")} train --phrase "smart mirror" --negatives FOLDER_WITH_SPEECH')
    say(f"Try next:  {_command('edge-asr')} listen --bundle {wake.bundle} --input {talk_file}")
    return DemoResult(wake, talk_file, talk, detections)


def _tell(talk: Talk, detections: Sequence[Detection], say: Say) -> None:
    fitting = {id(found): word for word in talk.words if (found := heard(word, detections)) is not None}
    for event in detections:
        word = fitting.get(id(event))
        truth = f"said from {word.start:.2f} to {word.end:.2f} s" if word else "not said"
        say(f"     {event.end:6.2f} s  {event.label:<10} score {event.score:.2f}  ({truth})")
    say(f"     heard {len(fitting)} of {len(talk.words)}, {len(detections) - len(fitting)} false detections")


def _command(name: str) -> str:
    """How an installed command is called from here: by its path, unless it is on the PATH."""
    script = Path(sysconfig.get_path("scripts")) / name
    if shutil.which(name) == str(script):
        return name
    return str(script.relative_to(Path.cwd()) if script.is_relative_to(Path.cwd()) else script)
