"""Whatever a list says: an utterance, a reason why not, or one clear error."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_asr.data.transcribed import read_transcribed
from edge_asr.data.transcribed.row import LONGEST_LINE
from edge_asr.errors import DataError
from tests.data_room.transcribed.places import common_voice, librispeech, ljspeech, manifest, sound

SENTENCE = "so it goes"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"audio": "gone.wav", "text": SENTENCE}, "no such audio file"),
        ({"audio": "folder", "text": SENTENCE}, "no such audio file"),
        ({"audio": "x" * 5000, "text": SENTENCE}, "no such audio file"),
        ({"audio": "text.wav", "text": SENTENCE}, "expected a readable WAV or FLAC file, found"),
        ({"audio": "good.wav", "text": " "}, "no text"),
        ({"audio": "good.wav", "text": "...!"}, "text with no letter"),
        ({"audio": "good.wav", "text": "at 10:30"}, "text with what can't be written in the language's letters"),
        ({"audio": "good.wav", "text": "a" * 900}, "more text than can be said in the time"),
        ({"audio": "good.wav", "text": SENTENCE, "duration": 1e8}, "not 0.1 to 120 s long"),
        ({"audio": "good.wav", "text": SENTENCE, "offset": 99}, "not 0.1 to 120 s long"),
        ({"audio": "long.wav", "text": "so"}, "less text than is said in the time"),
        ({"audio": "good.wav", "text": SENTENCE, "offset": -1}, "offset or duration that is no number of seconds"),
        ({"audio": "good.wav", "text": SENTENCE, "duration": "2"}, "offset or duration that is no number of seconds"),
        ('{"audio": "good.wav", "text": "so", "duration": NaN}', "offset or duration that is no number of seconds"),
        ('{"audio": "good.wav", "text": "so", "offset": 1e999}', "offset or duration that is no number of seconds"),
        ({"audio": "good.wav"}, "line without the texts `audio` and `text`"),
        ({"audio": ["good.wav"], "text": SENTENCE}, "line without the texts `audio` and `text`"),
        ({"audio": "good.wav", "text": SENTENCE, "id": "good"}, "id that stands twice"),
        ('{"audio": "good.wav", "text": "so it', "line that is no JSON object"),
        ("[1, 2]", "line that is no JSON object"),
        ("[" * 100_000, "line that is no JSON object"),
        ('{"audio": "good.wav", "text": "so", "n": ' + "9" * 10_000 + "}", None),
        ({"audio": "nul\0.wav", "text": SENTENCE}, "name that no file can have"),
        ('{"audio": "\\ud800.wav", "text": "so it goes"}', "name that no file can have"),
        ('{"audio": "good.wav", "text": "so it goes \\ud800", "id": "other"}', None),
    ],
)
def test_bad_lines_are_left_out_with_a_reason(tmp_path: Path, entry: object, reason: str | None):
    sound(tmp_path / "good.wav")
    sound(tmp_path / "long.wav", 60.0)
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "folder").mkdir()
    found = read_transcribed(manifest(tmp_path / "m.jsonl", {"audio": "good.wav", "text": SENTENCE, "id": "good"}, entry))
    assert found.utterances[0].text == SENTENCE
    if reason is not None:
        assert [item.why.partition(":")[0] for item in found.left_out] == [reason]
    found.summary().encode("utf-8")


def test_lines_that_are_no_text_are_left_out_one_by_one(tmp_path: Path):
    root = ljspeech(tmp_path, ["LJ001-0001", "LJ001-0002", "LJ001-0003"])
    lines = (root / "metadata.csv").read_bytes().splitlines(keepends=True)
    lines[1] = "LJ001-0002|café|café\n".encode("latin-1")
    (root / "metadata.csv").write_bytes(b"".join(lines) + b"LJ001-0004\n../x|a|a\n" + b"x" * (LONGEST_LINE + 5))
    found = read_transcribed(root)
    assert [utterance.id for utterance in found.utterances] == ["LJ001-0001", "LJ001-0003"]
    assert Counter(item.why.partition(":")[0] for item in found.left_out) == {
        "not UTF-8": 1,
        "line not `<name>|<text>|<text>`": 2,
        f"line longer than {LONGEST_LINE} bytes, and what follows": 1,
    }


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path):
    root = ljspeech(tmp_path, ["LJ001-0001"])
    (root / "metadata.csv").write_text("LJ001-0001|so|so\n", encoding="utf-8-sig")
    assert read_transcribed(root).utterances[0].id == "LJ001-0001"


def test_a_summary_shows_what_is_hostile_on_one_short_line(tmp_path: Path):
    sound(tmp_path / "good.wav")
    bad = {"audio": "\x1b[2J\n" + "x" * 5000, "text": SENTENCE}
    summary = read_transcribed(manifest(tmp_path / "m.jsonl", {"audio": "good.wav", "text": SENTENCE}, bad, "\x1b[2J")).summary()
    assert "\x1b" not in summary
    assert len(summary.splitlines()) == 3
    assert len(summary) < 400


@pytest.mark.parametrize("line", ["ann\t../../etc/passwd\tOne", "ann", "ann\t/etc/passwd\tOne", "\t\tOne"])
def test_bad_lines_of_common_voice(tmp_path: Path, line: str):
    root = common_voice(tmp_path, {"train": [("ann", "a1.wav", "One two.")]})
    (root / "train.tsv").write_text(f"client_id\tpath\tsentence\nann\ta1.wav\tOne two.\n{line}\n")
    found = read_transcribed(root)
    assert len(found.utterances) == len(found.left_out) == 1


def test_a_list_without_its_columns_is_named(tmp_path: Path):
    root = common_voice(tmp_path, {"train": [("ann", "a1.wav", "One two.")]})
    (root / "train.tsv").write_text("client\tfile\nann\ta1.wav\n")
    with pytest.raises(DataError, match="first line without client_id, path, sentence"):
        read_transcribed(root)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_list_in_another_encoding_is_one_clear_error(tmp_path: Path, encoding: str):
    root = ljspeech(tmp_path, ["LJ001-0001"])
    (root / "metadata.csv").write_text("LJ001-0001|café|café\n", encoding=encoding)
    with pytest.raises(DataError, match="nothing usable: .*"):
        read_transcribed(root)


def test_nothing_left_is_one_clear_error_with_reasons(tmp_path: Path):
    place = manifest(tmp_path / "m.jsonl", {"audio": "gone.wav", "text": "hello"}, "{")
    with pytest.raises(DataError, match=r"nothing usable: 1 line that is no JSON object .*; 1 no such audio file"):
        read_transcribed(place)
    sound(tmp_path / "gone.wav")
    with pytest.raises(DataError, match="nothing usable: 1 line"):
        read_transcribed(place, words=frozenset(["bye"]))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One place a layout, each with its list; the lists are what the next test damages."""
    root = tmp_path_factory.mktemp("places")
    librispeech(root / "librispeech", "train-clean-100", 10)
    ljspeech(root / "ljspeech", ["LJ001-0001", "LJ001-0002"])
    common_voice(root / "common_voice", {"train": [("ann", "a1.wav", "One two."), ("ben", "b1.wav", "Three four.")]})
    sound(root / "jsonl" / "a.wav")
    entry = {
        "audio": "a.wav",
        "text": SENTENCE,
        "speaker": "ann",
        "licence": "CC0",
        "offset": 0.5,
        "duration": 1.0,
        "split": "dev",
    }
    manifest(root / "jsonl" / "m.jsonl", entry, entry | {"id": "x"})
    sound(root / "text_beside" / "a.wav").with_suffix(".txt").write_text(SENTENCE)
    shutil.copytree(root, root / "whole")
    return root


LISTS = {
    "librispeech": "train-clean-100/10/7/10-7.trans.txt",
    "ljspeech": "metadata.csv",
    "common_voice": "train.tsv",
    "jsonl": "m.jsonl",
    "text_beside": "a.txt",
}
PIECES = [
    b"\0",
    b"\t",
    b"\n",
    b"|",
    b"..",
    b"/",
    b"\\",
    b'"',
    b"{",
    b"[",
    b"\xff\xfe",
    b"\xc3",
    b"1e999",
    b"NaN",
    b"-9",
    b"\\ud800",
    b"7" * 20,
]


@settings(max_examples=150)
@given(st.sampled_from(sorted(LISTS)), st.data())
def test_damaged_lists_give_utterances_or_a_data_error(places: Path, reader: str, data: st.DataObject):
    content = (places / "whole" / reader / LISTS[reader]).read_bytes()
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(place, min(len(content), place + 8)))
        piece = data.draw(st.sampled_from(PIECES) | st.binary(max_size=6))
        content = content[:place] + piece + content[end:]
    content = content[: data.draw(st.none() | st.integers(0, len(content)))]
    (places / reader / LISTS[reader]).write_bytes(content)
    try:
        found = read_transcribed(places / reader, reader)
    except DataError as err:
        assert str(places / reader) in str(err)
        return
    found.summary().encode("utf-8")
    assert len({utterance.id for utterance in found.utterances}) == len(found.utterances)
    for utterance in found.utterances:
        assert utterance.path.resolve().is_relative_to((places / reader).resolve())
        assert utterance.text == utterance.text.strip() != ""
        assert 0 <= utterance.start < utterance.end


KEYS = ["audio", "text", "speaker", "licence", "offset", "duration", "split", "id"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(ANYTHING, st.sampled_from(KEYS))
@settings(max_examples=150)
def test_any_json_value_in_any_key(places: Path, value: object, key: str):
    entry = {"audio": "a.wav", "text": SENTENCE, "id": "other"} | {key: value}
    place = manifest(places / "jsonl" / "any.jsonl", {"audio": "a.wav", "text": SENTENCE, "id": "good"}, json.dumps(entry))
    found = read_transcribed(place)
    assert len(found.utterances) + len(found.left_out) == 2
    assert found.utterances[0].id == "good"
