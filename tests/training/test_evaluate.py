from __future__ import annotations

import json
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, write_bundle
from edge_asr.data.clips import Clip, DataSet
from edge_asr.data.spec import DataSpec
from edge_asr.errors import DataError
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.training.evaluate import Evaluation, evaluate, to_json
from edge_asr.training.labelled import folder_clips, split_clips
from edge_asr.training.metrics import Proportion
from tests.conftest import TINY_MODEL

LABELS = ("_silence_", "_unknown_", "yes", "no")


def sound(kind: str, seconds: float = 1.0, seed: int = 0) -> np.ndarray:
    """float64 in [-1, 1) at 16 kHz: what the tiny model calls `kind`."""
    t = np.arange(round(16000 * seconds)) / 16000
    rng = np.random.default_rng(seed)
    made = {"yes": np.sin(2000 * np.pi * t), "no": np.sin(6000 * np.pi * t), "_silence_": 0 * t}
    return 0.3 * made.get(kind, rng.standard_normal(len(t)) / 3)


def save(path: Path, samples: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", "NONE"))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture
def engine(tiny_bundle: Bundle) -> Engine:
    return load_engine(tiny_bundle)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Three clips a label; one "yes" sounds like "no" and one "no" is noise."""
    root = tmp_path / "recordings"
    for label in LABELS:
        for i in range(3):
            heard = {("yes", 2): "no", ("no", 0): "_unknown_"}.get((label, i), label)
            save(root / label / f"{i}.wav", sound(heard, seconds=0.5 + 0.5 * i, seed=i))
    return root


def run(engine: Engine, root: Path, **options: bool) -> Evaluation:
    clips, left_out = folder_clips(root, engine, **options)
    return evaluate(engine, clips, data=root.name, left_out=left_out)


def test_counts_what_the_engine_answers(engine: Engine, recordings: Path) -> None:
    result = run(engine, recordings)
    assert result.labels == LABELS
    np.testing.assert_array_equal(result.confusion, [[3, 0, 0, 0], [0, 3, 0, 0], [0, 0, 2, 1], [0, 1, 0, 2]])
    assert result.accuracy == Proportion(10, 12)
    assert (result.clips, result.speakers, result.left_out) == (12, 0, ())
    assert result.seconds == pytest.approx(12 * engine.window_samples / 16000)
    assert {(Path(m.clip.name).parent.name, Path(m.clip.name).stem, m.got) for m in result.mistakes} == {
        ("yes", "2", "no"),
        ("no", "0", "_unknown_"),
    }
    scores = [m.score for m in result.mistakes]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(engine.classify(result.mistakes[0].clip.load()).max())
    assert [c.label for c in result.classes] == list(LABELS)
    assert (result.classes[3].recall, result.classes[3].precision) == (Proportion(2, 3), Proportion(2, 3))


def test_says_which_bundle_and_interpreter_it_measured(engine: Engine, recordings: Path) -> None:
    result = run(engine, recordings)
    model = engine.manifest.models[0]
    assert (result.bundle, result.model_sha256, result.model_bytes) == ("tiny", model.sha256, model.size)
    assert engine.interpreter.description.version in result.interpreter
    assert "default kernels" in result.interpreter
    assert result.data == "recordings"


def test_json_holds_everything(engine: Engine, recordings: Path) -> None:
    save(recordings / "dog" / "1.wav", sound("noise"))
    result = run(engine, recordings)
    table = json.loads(json.dumps(to_json(result), allow_nan=False))
    assert table["accuracy"]["value"] == pytest.approx(10 / 12)
    assert table["accuracy"]["interval95"] == pytest.approx(result.accuracy.interval)
    assert table["confusion"] == result.confusion.tolist()
    assert table["labels"] == list(LABELS)
    assert [c["recall"]["hits"] for c in table["classes"]] == [3, 3, 2, 2]
    assert table["mistakes"][0]["clip"] == result.mistakes[0].clip.name
    assert {m["wanted"] for m in table["mistakes"]} == {"yes", "no"}
    assert table["left_out"] == [{"path": str(recordings / "dog"), "why": "not a label of the bundle"}]
    assert (table["clips"], table["speakers"], table["seconds"]) == (12, 0, result.seconds)


def test_a_label_without_clips_is_not_judged(engine: Engine, recordings: Path) -> None:
    for path in (recordings / "_silence_").iterdir():
        path.unlink()
    result = run(engine, recordings)
    assert result.classes[0].recall == Proportion(0, 0)
    assert to_json(result)["classes"][0]["recall"] == {"value": None, "interval95": None, "hits": 0, "total": 0}


def test_other_words_are_left_out_or_unknown(engine: Engine, recordings: Path) -> None:
    save(recordings / "dog" / "1.wav", sound("noise"))
    left_alone, as_unknown = run(engine, recordings), run(engine, recordings, others_are_unknown=True)
    assert left_alone.confusion[1].sum() == 3
    assert [(item.path.name, item.why) for item in left_alone.left_out] == [("dog", "not a label of the bundle")]
    assert as_unknown.confusion[1].sum() == 4
    assert as_unknown.left_out == ()


def test_unreadable_files_are_named_and_not_fatal(engine: Engine, recordings: Path) -> None:
    (recordings / "yes" / "empty.wav").touch()
    (recordings / "yes" / "torn.wav").write_bytes((recordings / "yes" / "0.wav").read_bytes()[:20])
    (recordings / "yes" / "notes.pdf").write_bytes(b"%PDF")
    result = run(engine, recordings)
    assert result.clips == 12
    assert {item.path.name for item in result.left_out} == {"empty.wav", "torn.wav", "notes.pdf"}
    assert all(item.why for item in result.left_out)


def test_nothing_to_judge_is_an_error(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="folder"):
        run(engine, tmp_path / "nowhere")
    save(tmp_path / "words" / "dog" / "1.wav", sound("noise"))
    with pytest.raises(DataError, match=r"yes, no\).*found dog"):
        run(engine, tmp_path / "words")
    (tmp_path / "broken" / "yes").mkdir(parents=True)
    (tmp_path / "broken" / "yes" / "1.wav").touch()
    with pytest.raises(DataError, match=r"found none that can be read; the first of 1 .*1\.wav"):
        run(engine, tmp_path / "broken")


def test_labels_that_are_not_the_bundles_are_an_error(engine: Engine, recordings: Path) -> None:
    clips, _ = folder_clips(recordings, engine)
    with pytest.raises(DataError, match=r"expected a label of the bundle .*'maybe'"):
        evaluate(engine, [*clips, replace(clips[0], label="maybe")])


def test_other_words_need_the_label_unknown(engine: Engine, recordings: Path) -> None:
    draft = ManifestDraft("tones", ("low", "_silence_", "yes", "no"), engine.manifest.frontend)
    model = TINY_MODEL.read_bytes()
    part = ModelPart(model, engine.interpreter.input, engine.interpreter.output)
    bundle = write_bundle(recordings / "bundle", draft, {"window": part})
    with pytest.raises(DataError, match="only if that is a label"):
        folder_clips(recordings, load_engine(bundle), others_are_unknown=True)


def test_speakers_and_noise_of_a_folder(engine: Engine, tmp_path: Path) -> None:
    for label in ("yes", "no"):
        for speaker in ("anna", "bert", "carl"):
            save(tmp_path / "set" / label / f"{speaker}_0.wav", sound(label))
    save(tmp_path / "set" / "_background_noise_" / "hum.wav", sound("noise"))
    result = run(engine, tmp_path / "set")
    assert (result.clips, result.speakers) == (6, 3)
    assert [(item.path.name, item.why) for item in result.left_out] == [("hum.wav", "background noise")]


def test_reads_one_clip_at_a_time_and_tells_progress(engine: Engine, recordings: Path) -> None:
    clips, _ = folder_clips(recordings, engine)
    told: list[tuple[str, int, int]] = []
    evaluate(engine, clips, progress=lambda what, done, total: told.append((what, done, total)))
    assert told == [("evaluating", i, 12) for i in range(1, 13)]
    assert evaluate(engine, iter(clips)).clips == 12


def test_a_split_of_a_data_set(engine: Engine, recordings: Path) -> None:
    spoken = [
        Clip(path, path.parent.name, f"speaker{i % 2}", "test" if path.stem == "1" else "train")
        for i, path in enumerate(sorted(recordings.rglob("*.wav")))
        if path.parent.name != "_silence_"
    ]
    spec = DataSpec(reader="folder", labels=LABELS, silence_percent=100.0, unknown_percent=100.0)
    clips = split_clips(DataSet("tones", recordings, tuple(spoken)), spec, "test", engine)
    # One "yes", one "no", one unknown word, and as many cuts of silence as there are keywords.
    assert sorted(clip.label for clip in clips) == ["_silence_", "_silence_", "_unknown_", "no", "yes"]
    result = evaluate(engine, clips, data="tones, test split")
    assert result.confusion.sum(axis=1).tolist() == [2, 1, 1, 1]
    assert result.speakers == 2
    assert result.classes[2].recall == result.classes[3].recall == Proportion(1, 1)
