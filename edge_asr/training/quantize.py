"""From a run folder to a bundle: fold, quantise, convert, slim, compare with the float network."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge_asr import __version__
from edge_asr.bundle.manifest import DetectSpec
from edge_asr.bundle.store import ManifestDraft, write_bundle
from edge_asr.progress import Progress, no_progress
from edge_asr.training.batches import EpochBatches
from edge_asr.training.compare import compare
from edge_asr.training.convert import convert_int8
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.forms import convert_forms
from edge_asr.training.layer_error import layer_errors
from edge_asr.training.loss import distillation_loss, label_loss
from edge_asr.training.ptq import post_training, representative_set
from edge_asr.training.qat import fine_tune
from edge_asr.training.quantize_report import QuantizeReport, provenance_of, report_on
from edge_asr.training.recipe import Recipe
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.slim import slim
from edge_asr.training.spec import QuantizeSpec
from edge_asr.training.unit_scale import with_unit_scales

if TYPE_CHECKING:
    from edge_asr.data.tables import FeatureTable, Prepared

_LAYER_ERROR_CLIPS = 64


def quantize(
    run_dir: Path,
    prepared: Prepared,
    bundle_dir: Path,
    *,
    settings: QuantizeSpec | None = None,
    detect: DetectSpec | None = None,
    teacher_logits: NDArray[Any] | None = None,
    progress: Progress = no_progress,
) -> QuantizeReport:
    """Make the network in the run folder `run_dir` int8 and write its bundle to `bundle_dir`.

    `settings`, `detect`: instead of the recipe's `[quantize]` and `[detect]`. `teacher_logits` (clips, variants, classes) of
    the training table: what fine-tuning distils from, as training did. The seed is the recipe's: the same run and data give
    the same model bytes.
    Raises `TrainingError` for a broken run folder, `ConversionError` when the network can't be made int8, can't stream where
    `settings.forms` wants it or needs more than `settings.max_bytes`, `BundleError` when the bundle can't be written.
    """
    folder = RunFolder(run_dir)
    recipe, network = folder.recipe(), folder.model()
    settings = settings or recipe.quantize
    recipe = replace(recipe, quantize=settings, detect=detect or recipe.detect)
    folded = fold_batch_norms(network)
    clips = representative_set(prepared.train, settings.representative_clips, np.random.default_rng(recipe.train.seed))
    if settings.method == "qat":
        simulated = _fine_tuned(folded, clips, prepared.train, recipe, settings, teacher_logits, progress)
    else:
        simulated = post_training(folded, clips)
    forms = convert_forms(simulated, settings, recipe.frontend.hops_in(recipe.detect.step_ms), progress=progress)
    model = forms.parts["window"].content
    some = clips[:: -(-len(clips) // _LAYER_ERROR_CLIPS)]
    compared = compare(network, model, prepared.validation, progress=progress)
    layers = layer_errors(folded, some, progress=progress)
    report = report_on(bundle_dir, settings.method, forms, compared, layers)
    write_bundle(bundle_dir, _manifest(recipe, folder.info(), report), forms.parts)
    return report


def int8_size(model: keras.Model) -> int:
    """Bytes of the slimmed int8 `.tflite` file of a network, trained or not, within some 50. Raises `ConversionError`."""
    rng = np.random.default_rng(0)
    folded = fold_batch_norms(model)
    for weight in folded.weights:  # an untrained network's biases are all zero, and what is equal is stored once
        weight.assign(rng.standard_normal(weight.shape))
    clips = rng.standard_normal((8, *model.inputs[0].shape[1:]), dtype=np.float32)
    return len(slim(convert_int8(with_unit_scales(post_training(folded, clips)))))


def _fine_tuned(
    folded: keras.Model,
    clips: NDArray[np.float32],
    table: FeatureTable,
    recipe: Recipe,
    settings: QuantizeSpec,
    teacher_logits: NDArray[Any] | None,
    progress: Progress,
) -> keras.Model:
    train = recipe.train
    distils = teacher_logits is not None
    return fine_tune(
        folded,
        clips,
        # Goes on where training ended: other draws than training's first epochs.
        lambda epoch: EpochBatches(table, recipe, train.epochs + epoch, teacher_logits),
        distillation_loss(train.distill_weight, train.distill_temperature) if distils else label_loss,
        epochs=settings.qat_epochs,
        learning_rate=settings.qat_learning_rate,
        progress=progress,
    )


def _manifest(recipe: Recipe, run: dict[str, Any], report: QuantizeReport) -> ManifestDraft:
    return ManifestDraft(
        name=recipe.name,
        labels=recipe.data.labels,
        frontend=recipe.frontend,
        detect=recipe.detect,
        clip_samples=recipe.clip_samples,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        made_by=f"edge-asr {__version__}",
        provenance=provenance_of(recipe, run, report),
    )
