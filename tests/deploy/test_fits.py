"""What fits which target, and how it is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.deploy.fits import fits, running_model
from edge_asr.deploy.signing import make_key, sign_bundle
from edge_asr.deploy.target import Target, load_target
from edge_asr.deploy.targets_text import target_text, targets_text

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def found(bundle: Bundle, target: Target, key: str = "") -> dict[str, str]:
    return {misfit.what: misfit.text for misfit in fits(bundle, target, key)}


def form(bundle: Bundle, name: str, *changes: str) -> str | None:
    model = running_model(bundle, load_target(name, changes))
    return None if model is None else model.form


def compiled(bundle: Bundle) -> Bundle:
    """The bundle as if `invoke edgetpu` had added a form."""
    window = next(model for model in bundle.manifest.models if model.form == "window")
    models = (*bundle.manifest.models, replace(window, form="edgetpu", file="edgetpu-0.tflite"))
    return replace(bundle, manifest=replace(bundle.manifest, models=models), models={**bundle.models, "edgetpu": b""})


@pytest.mark.parametrize("target", ["pi-zero2w", "pi3", "pi3-armv7", "pi4", "pi5", "pi5-gpu", "aarch64", "x86_64"])
@pytest.mark.parametrize("bundle", ["alexa", "commands12", "commands12-stream", "digits"])
def test_the_shipped_bundles_fit_every_board_without_a_chip(target: str, bundle: str) -> None:
    assert found(read_bundle(Path("models") / bundle), load_target(target)) == {}


def test_the_form_is_the_best_for_what_runs_it(tiny_forms: Bundle) -> None:
    assert form(tiny_forms, "pi4") == "stream"
    assert form(tiny_forms, "pi4", "run.form=window") == "window"
    assert form(tiny_forms, "pi5-gpu") == "window"
    assert form(tiny_forms, "pi5-gpu", "run.form=stream") == "stream"
    assert form(compiled(tiny_forms), "pi4-coral") == "edgetpu"
    assert form(compiled(tiny_forms), "pi4") == "stream"


def test_a_fallback_takes_the_form_of_the_cpu(tiny_forms: Bundle) -> None:
    assert form(tiny_forms, "pi4-coral") is None
    assert form(tiny_forms, "pi4-coral", "run.accelerator.fallback=true") == "stream"
    assert form(tiny_forms, "pi4-coral", "run.form=edgetpu", "run.accelerator.fallback=true") == "stream"
    assert form(compiled(tiny_forms), "pi4-coral", "run.accelerator.fallback=true") == "edgetpu"


def test_a_form_that_is_asked_for_must_be_there(tiny_bundle: Bundle) -> None:
    text = found(tiny_bundle, load_target("pi4", ["run.form=stream"]))["form"]
    assert text.startswith("expected a model of the form stream to run on cpu, found window")


def test_the_edge_tpu_needs_its_compiled_form(tiny_forms: Bundle) -> None:
    assert found(tiny_forms, load_target("pi4-coral")) == {
        "form": f"expected a model of the form edgetpu to run on edgetpu, found window, stream: invoke edgetpu {tiny_forms.path}"
    }
    assert found(compiled(tiny_forms), load_target("pi4-coral")) == {}


def test_what_runs_must_be_within_the_budget(tiny_forms: Bundle) -> None:
    size = next(model.size for model in tiny_forms.manifest.models if model.form == "stream")
    assert found(tiny_forms, load_target("pi4", [f"budgets.bundle_kb={size / 1e3}"])) == {}
    text = found(tiny_forms, load_target("pi4", [f"budgets.bundle_kb={(size - 1) / 1e3}"]))["size"]
    assert "(budgets.bundle_kb), found" in text
    assert found(tiny_forms, load_target("pi4", ["budgets.bundle_kb=0"])) == {}


def test_the_service_must_hold_the_process(tiny_bundle: Bundle) -> None:
    small = ["service.memory_mb=40", "budgets.resident_mb=0"]
    assert "found a service of 40 MB" in found(tiny_bundle, load_target("pi4", small))["memory"]
    large = replace(tiny_bundle.manifest.models[0], size=40_000_000)
    bundle = replace(tiny_bundle, manifest=replace(tiny_bundle.manifest, models=(large,)))
    need = found(bundle, load_target("pi4", ["service.memory_mb=100", "budgets.bundle_kb=0"]))["memory"]
    assert need.startswith("needs about 130 MB")  # 50 of the runtime, the file and the interpreter's copy
    assert found(bundle, load_target("pi4", ["service.memory_mb=140", "budgets.bundle_kb=0"])) == {}


def test_32_bits_lack_wheels(tiny_bundle: Bundle, tiny_speech: Bundle) -> None:
    rate = ["audio.rate=48000"]
    assert "needs soxr, which have no wheel" in found(tiny_bundle, load_target("pi3-armv7", rate))["packages"]
    assert found(tiny_bundle, load_target("pi3", rate)) == {}
    assert found(tiny_bundle, load_target("pi3-armv7", ["audio.rate=16000"])) == {}
    packages = 'board.packages=["python3-numpy", "python3-soxr"]'
    assert found(tiny_bundle, load_target("pi3-armv7", [*rate, packages])) == {}
    assert "numpy" in found(tiny_bundle, load_target("pi3-armv7", ["board.packages=[]"]))["packages"]
    spec = tiny_speech.manifest.speech
    assert spec is not None
    gated = replace(spec, endpoint=replace(spec.endpoint, gate="webrtcvad"))
    speech = replace(tiny_speech, manifest=replace(tiny_speech.manifest, speech=gated))
    assert "webrtcvad-wheels" in found(speech, load_target("pi3-armv7"))["packages"]


def test_a_signature_is_checked_where_it_is_required(tiny_bundle: Bundle, tmp_path: Path) -> None:
    key, target = make_key(tmp_path / "keys"), load_target("pi4", ["require_signature=true"])
    assert "found none: invoke keys" in found(tiny_bundle, target)["signature"]
    assert "found no manifest.sig" in found(tiny_bundle, target, key)["signature"]
    assert found(tiny_bundle, load_target("pi4"), key) == {}
    sign_bundle(tiny_bundle.path, tmp_path / "keys")
    assert found(tiny_bundle, target, key) == {}


def test_the_gravest_comes_first(tiny_forms: Bundle) -> None:
    target = load_target("pi4-coral", ["require_signature=true", "service.memory_mb=30", "budgets.resident_mb=0"])
    assert list(found(tiny_forms, target)) == ["signature", "form"]  # nothing is said of a model that does not run


def test_the_list_says_what_fits_and_what_does_not(tiny_bundle: Bundle, tiny_forms: Bundle) -> None:
    lines = targets_text([load_target("pi4"), load_target("pi4-coral"), load_target("pi5-gpu")], [tiny_bundle, tiny_forms])
    pi4, pi4_fits, coral, *misfits, gpu, gpu_fits = lines.splitlines()
    assert pi4.split()[:4] == ["pi4", "aarch64", "Python", "3.11"]
    assert pi4_fits == gpu_fits == "    fits: tiny, forms"
    assert "tflite-runtime on edgetpu" in coral
    assert [line.split(":")[0] for line in misfits] == ["    tiny", "    forms"]
    assert "ai-edge-litert on gpu (or the CPU)" in gpu


def test_one_target_is_told_in_full(tiny_forms: Bundle) -> None:
    text = target_text(load_target("pi4-coral", ["service.network=true"]), tiny_forms)
    for part in ("edgetpu, device usb", "libedgetpu1-std", "with network", "/opt/edge-asr", "120 MB", "not required"):
        assert part in text
    assert text.splitlines()[-1].startswith("forms: form: expected a model of the form edgetpu")
    stream = tiny_forms.manifest.models[1].file
    assert target_text(load_target("pi4"), tiny_forms).endswith(f"forms: fits, and runs {stream} (stream)")
