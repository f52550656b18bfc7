from __future__ import annotations

import base64
import io
import re
import wave
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from edge_asr.config import to_table
from edge_asr.data.clips import LeftOut
from edge_asr.errors import AudioError, TrainingError
from edge_asr.runtime.window import fit_window
from edge_asr.training.compare import Comparison
from edge_asr.training.evaluate import Evaluation, Mistake
from edge_asr.training.history import EpochRecord
from edge_asr.training.labelled import LabelledClip
from edge_asr.training.layer_error import LayerError
from edge_asr.training.quantize_report import QuantizeReport
from edge_asr.training.quantized import describe_quantization
from edge_asr.training.report import MOST_EXAMPLES, render_report, write_report

HOSTILE = """<script>alert(1)</script>"' onmouseover="x" {{ 7*7 }} $\\frac{1}{2}$ &amp; \u202e\u4e03"""
WINDOW = 8000


class Page(HTMLParser):
    """Collects elements, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def tone() -> np.ndarray:
    return (0.5 * np.sin(np.arange(12000) / 5)).astype(np.float32)


def mistake(i: int = 0) -> Mistake:
    return Mistake(LabelledClip(f"clips/yes/{i}.wav", "yes", "anna", tone), "no", 0.99 - 0.01 * i)


def evaluation(**changes: object) -> Evaluation:
    plain = Evaluation(
        bundle="tiny",
        model_sha256="0123456789abcdef" * 4,
        model_bytes=12345,
        interpreter="some-runtime 1.2, default kernels",
        sample_rate=16000,
        clip_samples=WINDOW,
        data="tones",
        labels=("_silence_", "yes", "no"),
        confusion=np.array([[0, 0, 0], [0, 80, 3], [1, 0, 16]]),
        mistakes=tuple(mistake(i) for i in range(4)),
        speakers=7,
        seconds=3725.0,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def history(epochs: int = 3, validation: float | None = 0.5) -> list[EpochRecord]:
    return [EpochRecord(i + 1, 1 / (i + 1), 0.5, validation, validation, 1e-3, 2.0) for i in range(epochs)]


def quantized(name: str = "stem") -> dict[str, Any]:
    layers = [
        {"layer": "head", "part": "output", "sqnr_db": 40.0},
        {"layer": name, "part": "kernel", "sqnr_db": 20.0},
    ]
    accuracies = {"float_accuracy": 0.944, "int8_accuracy": 0.939, "agreement": 0.987}
    operators = {"CONV_2D": 2, "MEAN": 1}
    return {"method": "ptq", "model_bytes": 5000, "operators": operators, "validation": accuracies, "worst_layers": layers}


def test_shows_the_headline_and_every_count() -> None:
    page = Page(render_report(evaluation()))
    assert page.open == []
    assert "96.0 %" in page.text  # 96 of 100
    assert "95 % interval 90.2 % to 98.4 %" in re.sub(r"\s+", " ", page.text)
    for shown in ("12,345 bytes", "some-runtime 1.2", "1 h 2 min", "n/a", "yes", "no", "80", "16"):
        assert shown in page.text
    titles = {cell.get("title") for cell in page.all("td")}
    assert {"yes taken for no: 3 of 83", "no taken for _silence_: 1 of 17"} <= titles


def test_is_one_file_without_network_or_script() -> None:
    page = Page(render_report(evaluation(), history=history(), quantized=quantized()))
    assert not page.all("script")
    assert not page.all("link")
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "xlink:href", "action", "data", "poster"):
                assert (value or "").startswith(("data:", "#")), (tag, name)
            elif not name.startswith("xmlns"):
                assert "//" not in (value or ""), (tag, name, value)
    assert "url(http" not in render_report(evaluation())
    assert any("default-src 'none'" in (meta.get("content") or "") for meta in page.all("meta"))


def test_escapes_labels_paths_and_reasons() -> None:
    clip = LabelledClip(f"clips/{HOSTILE}.wav", HOSTILE, HOSTILE, tone)
    hostile = evaluation(
        bundle=HOSTILE,
        data=HOSTILE,
        interpreter=HOSTILE,
        labels=("_silence_", HOSTILE, "no"),
        mistakes=(Mistake(clip, HOSTILE, 0.9),),
        left_out=(LeftOut(Path(HOSTILE), HOSTILE),),
    )
    page = Page(render_report(hostile, quantized=quantized(HOSTILE)))
    assert page.open == []
    assert not page.all("script")
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.text.count(HOSTILE) >= 10
    assert "49" not in page.text.replace(HOSTILE, "")


def test_examples_can_be_seen_and_heard() -> None:
    page = Page(render_report(evaluation()))
    sounds = [base64.b64decode(str(a["src"]).removeprefix("data:audio/wav;base64,")) for a in page.all("audio")]
    pictures = [base64.b64decode(str(a["src"]).removeprefix("data:image/png;base64,")) for a in page.all("img")]
    assert len(sounds) == len(pictures) == 4
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    with wave.open(io.BytesIO(sounds[0])) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (16000, 1, WINDOW)
        played = np.frombuffer(file.readframes(WINDOW), "<i2") / 32768
    assert np.abs(played - fit_window(tone(), WINDOW)).max() <= 0.5 / 32768 + 1e-6  # half a step of 16 bits, float32's rounding
    points = [tuple(map(float, p.split(","))) for p in str(page.all("polygon")[0]["points"]).split()]
    assert all(0 <= x <= 300 and 0 <= y <= 44 for x, y in points)


def test_shows_the_surest_mistakes_only() -> None:
    many = evaluation(mistakes=tuple(mistake(i) for i in range(40)))
    page = Page(render_report(many))
    assert len(page.all("audio")) == MOST_EXAMPLES
    assert "clips/yes/11.wav" in page.text
    assert "clips/yes/12.wav" not in page.text
    assert "40 clips were answered wrong" in page.text


def test_no_mistakes_and_clips_that_are_gone() -> None:
    assert "every clip was answered right" in render_report(evaluation(mistakes=()))

    def gone() -> np.ndarray:
        raise AudioError("no such file")

    lost = Mistake(LabelledClip("gone.wav", "yes", None, gone), "no", 0.9)
    page = Page(render_report(evaluation(mistakes=(lost,))))
    assert "can't be read any more" in page.text
    assert not page.all("audio")


@pytest.mark.parametrize(("epochs", "validation"), [(1, 0.5), (5, 0.5), (3, None)])
def test_training_curves_are_drawn_in_the_pages_colour(epochs: int, validation: float | None) -> None:
    text = render_report(evaluation(), history=history(epochs, validation))
    svg = text[text.index('<svg viewBox="0 0 576') : text.index("</svg>") + len("</svg>")]
    ElementTree.fromstring(svg.replace("xlink:", ""))
    assert "currentColor" in svg
    assert "#000000" not in svg
    for word in ("loss", "accuracy", "epoch", "training, augmented"):
        assert f">{word}</text>" in svg
    assert (">validation</text>" in svg) == (validation is not None)


def test_layer_errors_are_scaled_to_the_largest() -> None:
    text = render_report(evaluation(), quantized=quantized())
    # 20 dB is a tenth of the signal; the bars are relative to the largest of them.
    assert re.findall(r'fill loss" style="width:([\d.]+)%', text) == ["100.00", "10.00"]
    for shown in ("10.00 %", "1.00 %", "93.9 %", "94.4 %", "98.7 %", "5,000 bytes", "2 CONV_2D, 1 MEAN", "post-training"):
        assert shown in text
    assert text.index("stem, kernel") < text.index("head, output")


@pytest.mark.parametrize("broken", [{"method": "magic"}, {"worst_layers": [{}]}, {"validation": 3}, {"operators": []}])
def test_provenance_from_elsewhere_is_left_out(broken: dict[str, Any]) -> None:
    assert describe_quantization({**quantized(), **broken}) is None
    assert "From float to int8" not in render_report(evaluation(), quantized={**quantized(), **broken})
    assert "From float to int8" in render_report(evaluation(), quantized={**quantized(), "validation": None})


def test_what_quantising_reports_can_be_shown() -> None:
    validation = Comparison(100, 0.944, 0.939, 0.987, 30.0, "some-runtime")
    layers = (LayerError("stem", "kernel", 20.0), LayerError("head", "output", 40.0))
    sizes, operators = {"window": 5000}, {"CONV_2D": 2, "MEAN": 1}
    report = QuantizeReport(Path("bundle"), "ptq", 5000, 100, sizes, operators, validation, layers)
    assert describe_quantization(to_table(report)) == describe_quantization(quantized()) is not None


def test_every_form_has_its_size() -> None:
    page = render_report(evaluation(), quantized={**quantized(), "form_bytes": {"window": 5000, "stream": 61234}})
    assert "Size, window form" in page
    assert "Size, stream form" in page
    assert "61,234 bytes" in page


def test_same_evaluation_same_page() -> None:
    assert render_report(evaluation(), history=history()) == render_report(evaluation(), history=history())


def test_file_names_that_are_not_text_are_shown_as_well_as_can_be(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", evaluation(left_out=(LeftOut(Path("caf\udce9.wav"), "torn"),)))
    assert "caf?.wav" in (tmp_path / "report.html").read_text("utf-8")


def test_writes_a_whole_file_or_none(tmp_path: Path) -> None:
    write_report(tmp_path / "new" / "report.html", evaluation())
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["report.html"]
    assert (tmp_path / "new" / "report.html").read_text("utf-8") == render_report(evaluation())
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="can't be written"):
        write_report(tmp_path / "file" / "report.html", evaluation())
