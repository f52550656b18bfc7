"""From a recogniser's run folder to its bundle: fold, quantise, convert, slim, compare with the float network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from edge_asr import __version__
from edge_asr.bundle.store import ManifestDraft, write_bundle
from edge_asr.progress import Progress, no_progress
from edge_asr.training.ctc_loss import ctc_loss
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.kept_assets import RECORD, Assets, keep_assets, record_of
from edge_asr.training.layer_error import layer_errors
from edge_asr.training.ptq import post_training
from edge_asr.training.qat import Batch, fine_tune
from edge_asr.training.quantize_report import QuantizeReport, provenance_of, report_on
from edge_asr.training.recipe import Recipe
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.speech_batches import SpeechBatches, silence_of
from edge_asr.training.speech_compare import compare_speech
from edge_asr.training.speech_forms import convert_speech_forms, representative_windows, window_frames
from edge_asr.zoo.spec import CtcNet

if TYPE_CHECKING:
    from edge_asr.data.speech_table import PreparedSpeech, SpeechTable

_LAYER_ERROR_WINDOWS = 16


def quantize_speech(
    run_dir: Path,
    recipe: Recipe,
    prepared: PreparedSpeech,
    bundle_dir: Path,
    *,
    assets: Assets | None = None,
    progress: Progress = no_progress,
    say: Callable[[str], None] = lambda line: None,
) -> QuantizeReport:
    """Make the network in the run folder `run_dir` int8 and write its bundle, with `assets`, to `bundle_dir`.

    What somebody has put into a bundle that is there already stays; `say` is told (see `keep_assets`).
    `recipe`: the run's, of which `[quantize]` and `[decode]` may be others. The seed is the recipe's: the same run and data
    give the same model bytes. Raises `TrainingError` for a broken run folder, `ConversionError` when the network can't be
    made int8 or needs more than `quantize.max_bytes`, `BundleError` when the bundle can't be written.
    """
    assert isinstance(recipe.model, CtcNet)
    assert recipe.decode is not None
    folder, settings = RunFolder(run_dir), recipe.quantize
    network = folder.model()
    folded = fold_batch_norms(network)
    windows = _representative(recipe, prepared.train)
    if settings.method == "qat":
        simulated = _fine_tuned(folded, windows, prepared.train, recipe, progress)
    else:
        simulated = post_training(folded, windows)
    step = recipe.frontend.hops_in(recipe.decode.step_ms)
    forms = convert_speech_forms(simulated, recipe.model, settings, step, progress=progress)
    model = forms.parts["window"].content
    some = windows[:: -(-len(windows) // _LAYER_ERROR_WINDOWS)]
    compared = compare_speech(network, model, prepared.validation, prepared.tokens, recipe, progress=progress)
    layers = layer_errors(folded, some, progress=progress)
    report = report_on(bundle_dir, settings.method, forms, compared, layers)
    own = assets or {}
    draft = _manifest(recipe, {**provenance_of(recipe, folder.info(), report), RECORD: record_of(own)})
    write_bundle(bundle_dir, draft, forms.parts, keep_assets(bundle_dir, recipe, own, say))
    return report


def _representative(recipe: Recipe, table: SpeechTable) -> NDArray[np.float32]:
    assert isinstance(recipe.model, CtcNet)
    rng = np.random.default_rng(recipe.train.seed)
    windows = recipe.quantize.representative_clips
    return representative_windows(table, windows, window_frames(recipe.model), silence_of(recipe.frontend), rng)


def _fine_tuned(
    folded: keras.Model, windows: NDArray[np.float32], table: SpeechTable, recipe: Recipe, progress: Progress
) -> keras.Model:
    batches = SpeechBatches(table, recipe)

    def epoch(number: int) -> Iterator[Batch]:
        # Goes on where training ended: other draws than training's first epochs.
        for batch, tokens, _ in batches.epoch(recipe.train.epochs + number):
            yield batch.features, (batch.labels, batch.frames, np.float32(tokens))

    def loss(targets: Any, logits: Any) -> Any:
        labels, frames, tokens = targets
        return tf.reduce_sum(ctc_loss(labels, logits, frames)) / tokens

    settings = recipe.quantize
    return fine_tune(
        folded, windows, epoch, loss, epochs=settings.qat_epochs, learning_rate=settings.qat_learning_rate, progress=progress
    )


def _manifest(recipe: Recipe, provenance: dict[str, Any]) -> ManifestDraft:
    return ManifestDraft(
        name=recipe.name,
        kind="speech",
        labels=recipe.data.labels,
        frontend=recipe.frontend,
        speech=recipe.decode,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        made_by=f"edge-asr {__version__}",
        provenance=provenance,
    )
