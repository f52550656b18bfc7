"""Compiling with a stand-in for the compiler: what comes of each way in which it can end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.errors import ExportError
from edge_asr.export.edgetpu import preflight
from edge_asr.export.edgetpu_compiler import Difference, compile_model, differences
from edge_asr.export.edgetpu_files import keep_compiled, read_window
from edge_asr.export.edgetpu_log import MAPPED
from edge_asr.export.edgetpu_text import compiled_text
from edge_asr.export.tflite_model import read_model
from tests.bundle.damage import edit_manifest
from tests.export.graphs import Op, T, compiled, graph
from tests.export.stand_in import as_predicted, compiler, script
from tests.export.test_edgetpu_log import ROWS

TINY = (Path(__file__).parents[1] / "data" / "tiny_window.tflite").read_bytes()


def test_a_compiler_that_does_as_predicted(tmp_path: Path) -> None:
    found = compile_model(TINY, str(compiler(tmp_path, TINY, as_predicted(TINY))))
    assert found.log.whole
    assert found.mapped
    assert differences(found) == ()
    assert [operator.name for operator in read_model(found.model).operators] == ["edgetpu-custom-op"]
    text = compiled_text(found)
    assert f"Edge TPU compiler 16.0.384591198: {len(found.predicted.operators)} operators mapped, 0 on the CPU." in text
    assert "Parameters on the chip: 61,696 bytes; crossing the bus at every run: 0." in text
    assert text.endswith("\nAs predicted.")


@pytest.mark.parametrize("status", sorted({status for *_, status in ROWS} - {MAPPED}))
def test_where_prediction_and_compiler_differ(tmp_path: Path, status: str) -> None:
    rows = [(name, count, status if name == "ADD" else said) for name, count, said in as_predicted(TINY)]
    found = compile_model(TINY, str(compiler(tmp_path, TINY, rows)))
    assert not found.log.whole
    assert differences(found) == (Difference("ADD", (1, 0), (0, 1), (status,)),)
    text = compiled_text(found)
    assert f"  ADD, 1: {status}" in text
    assert text.endswith("did other than predicted:\n  ADD: 1 of 1 expected to be mapped, 0 of 1 are")


def test_operators_that_only_one_of_them_knows(tmp_path: Path) -> None:
    rows = [row for row in as_predicted(TINY) if row[0] != "ADD"] + [("SUB", 2, MAPPED)]
    found = differences(compile_model(TINY, str(compiler(tmp_path, TINY, rows))))
    assert found == (Difference("ADD", (1, 0), (0, 0), ()), Difference("SUB", (0, 0), (2, 0), (MAPPED,)))


def test_a_compiler_that_maps_nothing(tmp_path: Path) -> None:
    model = graph(Op("ELU", [T((1, 8))], [T((1, 8))]))
    found = compile_model(model, str(compiler(tmp_path, model, [("ELU", 1, "Operation not supported")])))
    assert (found.mapped, found.log.whole, differences(found)) == (False, False, ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "echo 'ERROR: Registration failed.'; echo 'Invalid model: model.tflite' >&2; exit 1",
            r"exit code 1\): ERROR: .* \| Invalid model",
        ),
        ("kill -9 $$", "exit code -9.*printed nothing"),
        ("echo 'Internal compiler error. Aborting! '", "left no model: Internal compiler error. Aborting!"),
        ("", "left no model: it printed nothing"),
        ('cp model.tflite "$3/model_edgetpu.tflite"', "table of operators.*found none"),
        (
            "echo 'no model' > \"$3/model_edgetpu.tflite\"; printf 'Operator Count Status\\n\\nADD 1 Mapped\\n'",
            "expected a .tflite file",
        ),
    ],
)
def test_a_compiler_that_fails(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ExportError, match=said):
        compile_model(TINY, str(script(tmp_path, text)))


def test_a_model_with_other_outputs_is_refused(tmp_path: Path) -> None:
    program = compiler(tmp_path, TINY, as_predicted(TINY))
    (tmp_path / "compiled").write_bytes(compiled((Path(__file__).parents[1] / "data" / "tiny.tflite").read_bytes()))
    with pytest.raises(ExportError, match="other inputs or outputs"):
        compile_model(TINY, str(program))


def test_a_compiler_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    program = script(tmp_path, f"sleep 600 & echo $! > '{tmp_path}/child'; wait")
    for seconds in (1, 10, 100):  # a busy machine may not come to start the child at once
        with pytest.raises(ExportError, match=f"did not end within {seconds} s"):
            compile_model(TINY, str(program), time_limit_s=seconds)
        if (number := tmp_path / "child").exists() and number.read_text():
            break
    child = Path("/proc") / number.read_text().strip() / "stat"
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if not child.exists() or ") Z " in child.read_text():  # a zombie: nobody may be there to bury it
            return
        time.sleep(0.05)
    raise AssertionError("its child is still there")


def test_a_compiler_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="can't be started"):
        compile_model(TINY, str(tmp_path / "missing"))


@pytest.mark.parametrize("kind", ["tiny_forms", "tiny_speech"])
def test_the_compiled_form_joins_the_bundle(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    bundle: Bundle = request.getfixturevalue(kind)
    model = read_window(bundle.path)
    assert model == bundle.models["window"]
    made = compile_model(model, str(compiler(tmp_path, model, as_predicted(model)))).model
    place = keep_compiled(bundle.path, made)
    found = read_bundle(bundle.path)
    assert place.read_bytes() == made
    assert found.models == {**bundle.models, "edgetpu": made}
    window, entry = found.manifest.models[0], found.manifest.models[-1]
    assert (entry.form, entry.input, entry.output, entry.field_frames) == (
        "edgetpu",
        window.input,
        window.output,
        window.field_frames,
    )
    assert keep_compiled(bundle.path, made + bytes(16)) != place  # a later one takes its place
    assert not place.exists()
    assert read_window(bundle.path) == model


def test_a_file_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "net.tflite"
    file.write_bytes(TINY)
    assert read_window(file) == TINY
    assert preflight(read_window(file)).whole
    assert keep_compiled(file, b"compiled") == tmp_path / "net_edgetpu.tflite"
    assert (tmp_path / "net_edgetpu.tflite").read_bytes() == b"compiled"


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="found nothing"):
        read_window(tmp_path / "missing")
    with (tmp_path / "large").open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(ExportError, match="at most 67108864 bytes"):
        read_window(tmp_path / "large")


def test_a_bundle_without_a_window_form(tiny_forms: Bundle) -> None:
    edit_manifest(tiny_forms.path, lambda table: table["models"].pop(0))
    with pytest.raises(ExportError, match="with a window form, which is what compiles, found stream"):
        read_window(tiny_forms.path)
