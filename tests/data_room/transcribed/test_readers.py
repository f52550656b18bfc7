from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_asr.data.transcribed import READERS, read_transcribed
from edge_asr.data.transcribed.utterances import Utterances
from edge_asr.errors import DataError
from tests.data_room.transcribed.places import RATE, common_voice, librispeech, ljspeech, manifest, sound


def splits(found: Utterances) -> dict[str, set[str]]:
    """Split to the ids in it."""
    result = defaultdict(set)
    for utterance in found.utterances:
        result[utterance.split].add(utterance.id)
    return dict(result)


def reasons(found: Utterances) -> Counter:
    return Counter(item.why.partition(":")[0] for item in found.left_out)


def test_librispeech_has_the_splits_of_its_parts(tmp_path: Path):
    for speaker, part in enumerate(["train-clean-100", "dev-other", "test-clean"], start=10):
        librispeech(tmp_path / "LibriSpeech", part, speaker)
    found = read_transcribed(tmp_path)  # its folder is found in the archive's
    assert found.reader == "librispeech"
    assert splits(found) == {
        "train": {"10-7-0000", "10-7-0001"},
        "validation": {"11-7-0000", "11-7-0001"},
        "test": {"12-7-0000", "12-7-0001"},
    }
    first = found.utterances[0]
    assert (first.text, first.speaker, first.path.name) == ("it's a sentence", "11", "11-7-0000.flac")
    assert (first.start, first.end) == (0.0, 2.0)


def test_one_part_of_librispeech_asks_the_list_of_speakers(tmp_path: Path):
    librispeech(tmp_path, "chosen", 10)
    librispeech(tmp_path, "chosen", 11)
    (tmp_path / "SPEAKERS.TXT").write_text(
        "; comment\n10   | F | dev-clean  | 8.02 | Ann\n11 | M | train-clean-360 | 9 | Ben | x\n"
    )
    found = read_transcribed(tmp_path / "chosen")
    assert {utterance.speaker: utterance.split for utterance in found.utterances} == {"10": "validation", "11": "train"}


def test_chapters_stay_together_where_speakers_are_few(tmp_path: Path):
    for chapter in range(12):
        librispeech(tmp_path, "chosen", 10, chapter=chapter, sentences=12)
    chapters = {split: {name.split("-")[1] for name in ids} for split, ids in splits(read_transcribed(tmp_path)).items()}
    assert set(chapters) == {"train", "validation", "test"}
    assert sum(map(len, chapters.values())) == 12


def test_ljspeech_reads_the_last_column_and_keeps_chapters_together(tmp_path: Path):
    names = [f"LJ{chapter:03d}-{number:04d}" for chapter in range(1, 13) for number in (1, 25)]
    found = read_transcribed(ljspeech(tmp_path, names))
    assert {utterance.text for utterance in found.utterances} == {"in number twelve so and so"}
    assert {utterance.speaker for utterance in found.utterances} == {"LJ"}
    chapters = {split: {name[:5] for name in ids} for split, ids in splits(found).items()}
    assert set(chapters) == {"train", "validation", "test"}
    assert sum(map(len, chapters.values())) == 12  # no chapter stands in two splits


def test_neighbours_stay_together_where_chapters_are_few(tmp_path: Path):
    found = read_transcribed(ljspeech(tmp_path, [f"LJ001-{number:04d}" for number in range(0, 200, 4)]))
    blocks = {split: {name[:9] for name in ids} for split, ids in splits(found).items()}
    assert set(blocks) == {"train", "validation", "test"}
    assert sum(map(len, blocks.values())) == 20


COMMON_VOICE = {
    "train": [("ann", "a1.wav", "One.")],
    "dev": [("ben", "b1.wav", "Two."), ("ben", "b2.wav", "Three.")],
    "test": [("cat", "c1.wav", "Four.")],
    "validated": [
        ("ann", "a1.wav", "One."),
        ("ann", "a2.wav", "Five."),
        ("ben", "b1.wav", "Two."),
        ("ben", "b3.wav", "Six."),
        ("dan", "d1.wav", "Four."),
        ("dan", "d2.wav", "Seven."),
    ],
}


def test_common_voice_keeps_held_out_speakers_and_sentences_out_of_training(tmp_path: Path):
    found = read_transcribed(common_voice(tmp_path / "cv-corpus" / "en", COMMON_VOICE).parent)
    assert splits(found) == {"train": {"a1", "a2", "d2"}, "validation": {"b1", "b2"}, "test": {"c1"}}
    assert {item.path.name for item in found.left_out} == {"b3.wav", "d1.wav"}
    assert next(item.speaker for item in found.utterances if item.id == "d2") == "dan"


def test_validated_alone_is_split_by_speaker(tmp_path: Path):
    rows = [(f"who{speaker}", f"c{speaker}_{take}.wav", f"Sentence {take}") for speaker in range(12) for take in range(2)]
    found = read_transcribed(common_voice(tmp_path, {"validated": rows}))
    by_speaker = {split: {name.partition("_")[0] for name in ids} for split, ids in splits(found).items()}
    assert set(by_speaker) == {"train", "validation", "test"}
    assert sum(map(len, by_speaker.values())) == 12


def test_listed_durations_are_believed(tmp_path: Path):
    common_voice(tmp_path, {"train": [("ann", "a1.wav", "One two.")]})
    (tmp_path / "clip_durations.tsv").write_text("clip\tduration[ms]\na1.wav\t1500\n")
    assert read_transcribed(tmp_path).utterances[0].end == 1.5


def test_common_voice_clips_are_mp3(tmp_path: Path):
    common_voice(tmp_path, {"train": [("ann", "a1.wav", "One two.")]})
    soundfile.write(tmp_path / "clips" / "a2.mp3", np.zeros(2 * RATE), RATE)
    (tmp_path / "train.tsv").write_text("client_id\tpath\tsentence\nann\ta2.mp3\tOne two.\n")
    # An MP3 file has whole frames: up to 1152 samples more, at both ends.
    assert read_transcribed(tmp_path).utterances[0].end == pytest.approx(2.0, abs=2 * 1152 / RATE)


def test_json_lines(tmp_path: Path):
    sound(tmp_path / "a" / "long.wav", 9.0)
    absolute = sound(tmp_path / "b.wav")
    place = manifest(
        tmp_path / "train_manifest.json",
        {"audio_filepath": "a/long.wav", "duration": 2.5, "offset": 1.25, "text": "Hello, you", "speaker": 7},
        {"audio": "a/long.wav", "text": "the rest of it all", "offset": 4, "licence": "CC0", "split": "dev", "id": "mine"},
        {"audio": str(absolute), "text": "so it is", "license": "MIT"},
    )
    first, second, third = read_transcribed(place).utterances
    assert (first.id, first.start, first.end, first.speaker, first.split) == ("a/long.wav#1.25", 1.25, 3.75, "7", "train")
    assert (second.id, second.start, second.end, second.licence, second.split) == ("mine", 4.0, 9.0, "CC0", "validation")
    assert (third.path, third.licence, third.speaker) == (absolute, "MIT", None)
    assert read_transcribed(tmp_path).utterances == (first, second, third)


def test_json_lines_stay_below_their_folder(tmp_path: Path):
    outside = sound(tmp_path / "outside.wav")
    sound(tmp_path / "in" / "a.wav")
    names = [
        "../outside.wav",
        str(outside),
        f"{tmp_path}/in/../outside.wav",
        "x/../../outside.wav",
        "C:\\a.wav",
        "C:a.wav",
        "..\\a.wav",
        "",
    ]
    entries = [{"audio": name, "text": "hello you"} for name in names]
    found = read_transcribed(manifest(tmp_path / "in" / "m.jsonl", {"audio": "a.wav", "text": "hello you"}, *entries))
    assert [utterance.path for utterance in found.utterances] == [tmp_path / "in" / "a.wav"]
    assert reasons(found) == {"path that is not below the manifest's folder": len(names)}


def test_single_words(tmp_path: Path):
    for name in ("yes/a_nohash_0.wav", "no/a_nohash_0.wav", "_unknown_/b_nohash_0.wav", "_background_noise_/hum.wav"):
        sound(tmp_path / "commands" / name, 1.0)
    found = read_transcribed(tmp_path / "commands", words=frozenset(["yes", "up"]))
    assert [(item.id, item.text, item.speaker) for item in found.utterances] == [("yes/a_nohash_0.wav", "yes", "a")]
    assert found.other_words == 1
    for name in ("7_ann_4.wav", "7_ann_5.wav", "0_ann_30.wav"):
        sound(tmp_path / "digits" / "recordings" / name, 0.5)
    digits = read_transcribed(tmp_path / "digits")
    assert [(item.text, item.split) for item in digits.utterances] == [
        ("zero", "train"),
        ("seven", "test"),
        ("seven", "validation"),
    ]


def test_texts_beside_sounds(tmp_path: Path):
    for name, text in (
        ("train/ann/1.wav", "One,\ntwo"),
        ("dev/ben/1.flac", "\ufeffThree"),
        ("dev/ben/2.wav", None),
        ("test/1.wav", "Four"),
    ):
        path = sound(tmp_path / name)
        if text is not None:
            path.with_suffix(".txt").write_text(text, encoding="utf-8")
    found = read_transcribed(tmp_path)
    assert found.reader == "text_beside"
    assert [(item.id, item.text, item.speaker, item.split) for item in found.utterances] == [
        ("dev/ben/1.flac", "three", "ben", "validation"),
        ("test/1.wav", "four", None, "test"),
        ("train/ann/1.wav", "one two", "ann", "train"),
    ]
    assert reasons(found) == {"no text file of its name beside it": 1}


def test_the_summary_counts_what_is_there_and_what_is_not(tmp_path: Path):
    sound(tmp_path / "a.wav", 36.0)
    place = manifest(
        tmp_path / "m.jsonl",
        {"audio": "a.wav", "text": "Well, it is: one, two!", "speaker": "ann", "licence": "CC0"},
        {"audio": "gone.wav", "text": "hello"},
        {"audio": "gone2.wav", "text": "hello"},
    )
    assert read_transcribed(place).summary().splitlines() == [
        "jsonl: 1 utterances, 0.01 h, 1 speaker: 1 train (0.01 h), 0 validation (0.00 h), 0 test (0.00 h)",
        "dropped from the texts: , 2  ! 1  : 1",
        f"left out: 2 no such audio file ({tmp_path.name}/gone.wav)",
        "licence: CC0",
    ]


def test_samples_are_spread_over_the_utterances(tmp_path: Path):
    found = read_transcribed(ljspeech(tmp_path, [f"LJ001-{number:04d}" for number in range(20)]))
    assert [line.split()[0] for line in found.samples(2)] == ["LJ001-0000", "LJ001-0010"]


@pytest.mark.parametrize("reader", ["", *READERS])
def test_a_place_without_the_layout_is_one_clear_error(tmp_path: Path, reader: str):
    sound(tmp_path / "a" / "x.wav")
    with pytest.raises(DataError, match=r"known layout .*found none"):
        read_transcribed(tmp_path, reader)
    with pytest.raises(DataError, match="found nothing there"):
        read_transcribed(tmp_path / "nowhere", reader)


def test_unknown_readers_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="librispeech, .*found 'timit'"):
        read_transcribed(tmp_path, "timit")
