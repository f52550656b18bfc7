from __future__ import annotations

import shutil
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.negative_clips import Negatives
from edge_asr.data.negatives import read_negatives, says, words
from edge_asr.data.speech_commands import official_split
from edge_asr.errors import DataError
from tests.data_room.sounds import noise, speech_commands, word, write

LIBRI = "LibriSpeech/{part}/{speaker}/{chapter}/{speaker}-{chapter}-0000.flac"


def only(negatives: Negatives, name: str):
    found = [clip for clip in negatives.clips if clip.path.name == name]
    assert len(found) == 1
    return found[0]


def test_a_plain_folder_of_any_depth_and_kind_of_file(tmp_path: Path):
    write(tmp_path / "a.wav", word("a"))
    write(tmp_path / "deep" / "er" / "b.flac", word("b", seconds=1.0))
    write(tmp_path / "c.ogg", noise(2.0, 1))
    (tmp_path / "notes.csv").write_text("not a sound")
    negatives = read_negatives([tmp_path])
    assert [clip.path.name for clip in negatives.clips] == ["a.wav", "c.ogg", "b.flac"]
    assert {clip.kind for clip in negatives.clips} == {"speech"}
    assert only(negatives, "b.flac").seconds == pytest.approx(1.0 + 0.1 + 0.125)  # word() pads with silence
    assert negatives.hours == pytest.approx(sum(clip.seconds for clip in negatives.clips) / 3600)
    assert negatives.left_out == ()


def test_places_may_be_files_and_archives_and_are_not_counted_twice(tmp_path: Path):
    write(tmp_path / "in" / "radio" / "a.wav", word("a"))
    with tarfile.open(tmp_path / "talk.tar.bz2", "w:bz2") as tar:
        tar.add(tmp_path / "in" / "radio", "radio")
    single = write(tmp_path / "single.wav", word("b"))
    negatives = read_negatives([tmp_path / "talk.tar.bz2", single])
    assert [clip.path.name for clip in negatives.clips] == ["a.wav", "single.wav"]
    twice = read_negatives([tmp_path / "in" / "radio", tmp_path])
    assert sorted(clip.path.parent.parent.name for clip in twice.clips if clip.path.name == "a.wav") == ["in", "talk"]
    assert len(twice.clips) == 3
    assert read_negatives([single, single]).clips == read_negatives([single]).clips


def test_kind_is_given_or_told_by_the_folder(tmp_path: Path):
    write(tmp_path / "home" / "fan.wav", noise(1.0, 1))
    write(tmp_path / "musan" / "music" / "song.wav", noise(1.0, 2))
    write(tmp_path / "musan" / "speech" / "talk.wav", noise(1.0, 3))
    write(tmp_path / "esc" / "1-17367-A.wav", noise(1.0, 4))
    kinds = {clip.path.name: clip.kind for clip in read_negatives([tmp_path]).clips}
    assert kinds == {"fan.wav": "speech", "song.wav": "noise", "talk.wav": "speech", "1-17367-A.wav": "noise"}
    assert read_negatives([tmp_path / "home"], kind="noise").clips[0].kind == "noise"
    assert read_negatives([tmp_path / "musan" / "music"]).clips[0].kind == "noise"


def test_speech_commands_has_its_splits_speakers_and_noise(tmp_path: Path):
    root = speech_commands(tmp_path / "sc", words="yes no")
    negatives = read_negatives([root])
    assert len(negatives.of(kind="speech")) == 24
    assert {clip.path.stem for clip in negatives.of(kind="noise")} == {"hiss", "hum"}
    for clip in negatives.of(kind="speech"):
        assert clip.speaker == clip.path.stem.partition("_")[0]
        assert clip.split == official_split(clip.path.stem)
    assert {clip.licence for clip in negatives.clips} == {"licence not stated"}


def test_speech_commands_official_lists_count(tmp_path: Path):
    root = speech_commands(tmp_path / "sc", words="yes no")
    names = sorted(path.relative_to(root).as_posix() for path in root.glob("[yn]*/*.wav"))
    (root / "validation_list.txt").write_text("\n".join(names[:5]))
    (root / "testing_list.txt").write_text("\n".join(names[5:8]))
    negatives = read_negatives([root])
    assert [c.path.relative_to(root).as_posix() for c in negatives.of("validation", "speech")] == names[:5]
    assert [c.path.relative_to(root).as_posix() for c in negatives.of("test", "speech")] == names[5:8]
    assert all("CC BY 4.0" in clip.licence for clip in negatives.clips)


def test_librispeech_tells_speakers_and_parts(tmp_path: Path):
    for part, speaker in (("train-clean-100", 19), ("dev-clean", 84), ("test-clean", 61)):
        write(tmp_path / LIBRI.format(part=part, speaker=speaker, chapter=198), word(f"{speaker}"))
    clips = {clip.speaker: clip.split for clip in read_negatives([tmp_path]).clips}
    assert clips == {"19": "train", "84": "validation", "61": "test"}


def test_common_voice_keeps_its_lists_and_their_speakers_apart(tmp_path: Path):
    rows = {"validated": "aabbccdd", "dev": "b", "test": "c"}
    for name, speakers in rows.items():
        lines = [f"{who}\tcommon_voice_en_{who}{n}.ogg\tsome text" for n, who in enumerate(speakers)]
        (tmp_path / f"{name}.tsv").write_text("\n".join(["client_id\tpath\tsentence", *lines]))
    for n, who in enumerate(rows["validated"]):
        write(tmp_path / "clips" / f"common_voice_en_{who}{n}.ogg", noise(0.5, n))
    clips = read_negatives([tmp_path]).clips
    assert len(clips) == 8
    assert {clip.split for clip in clips if clip.speaker == "b"} == {"validation"}
    assert {clip.split for clip in clips if clip.speaker == "c"} == {"test"}
    assert all("CC0" in clip.licence for clip in clips)


def test_what_says_a_phrase_is_left_out_and_counted(tmp_path: Path):
    write(tmp_path / "wake" / "smart_mirror" / "0.wav", word("0"))
    write(tmp_path / "wake" / "Smart Mirror" / "anna" / "1.wav", word("1"))
    write(tmp_path / "smart-mirror_017.wav", word("2"))
    write(tmp_path / "smart" / "3.wav", word("3"))
    write(tmp_path / "smart_mirrors_negatives" / "4.wav", word("4"))
    negatives = read_negatives([tmp_path], phrases=["Smart mirror", "alexa", "?"])
    assert sorted(clip.path.name for clip in negatives.clips) == ["3.wav", "4.wav"]
    assert [item.why for item in negatives.left_out] == ["says 'smart mirror'"] * 3
    assert "3 files left out" in negatives.summary()


def test_a_place_named_like_the_phrase_is_left_out(tmp_path: Path):
    write(tmp_path / "alexa" / "0.wav", word("0"))
    with pytest.raises(DataError, match="1 files, none of them usable"):
        read_negatives([tmp_path / "alexa"], phrases=["alexa"])
    assert read_negatives([tmp_path / "alexa"], phrases=["computer"]).hours > 0


def test_transcripts_are_searched_for_the_phrase(tmp_path: Path):
    for n in range(2):
        write(tmp_path / "LJ" / "wavs" / f"LJ001-000{n}.wav", word(f"{n}"))
        write(tmp_path / "L" / "84" / "7" / f"84-7-000{n}.flac", word(f"{n}"))
    (tmp_path / "LJ" / "metadata.csv").write_text("LJ001-0000|A computer.|A computer.\nLJ001-0001|Two computers|Two computers\n")
    (tmp_path / "L" / "84" / "7" / "84-7.trans.txt").write_text("84-7-0000 COMPUTERS COMPUTE\n84-7-0001 THE COMPUTER SAID\n")
    negatives = read_negatives([tmp_path], phrases=["computer"])
    assert sorted(clip.path.name for clip in negatives.clips) == ["84-7-0000.flac", "LJ001-0001.wav"]
    assert {clip.licence for clip in negatives.clips} == {"CC BY 4.0, LibriSpeech", "public domain, LJSpeech"}


def test_fsdd_digits_are_words(tmp_path: Path):
    for digit in (6, 7):
        for take in (0, 5, 10):
            write(tmp_path / "fsdd" / f"{digit}_theo_{take}.wav", word(f"{digit} {take}"))
    negatives = read_negatives([tmp_path / "fsdd"], phrases=["seven"])
    assert {clip.path.name: clip.split for clip in negatives.clips} == {
        "6_theo_0.wav": "test",
        "6_theo_5.wav": "validation",
        "6_theo_10.wav": "train",
    }
    assert len(negatives.left_out) == 3


def test_a_long_file_is_dealt_out_in_parts(tmp_path: Path):
    seconds = 4000.0
    write(tmp_path / "day.wav", np.zeros(int(seconds * 100), np.float32), 100)
    clips = read_negatives([tmp_path]).clips
    assert len(clips) == 14  # parts of at most five minutes
    starts = np.array([clip.start for clip in clips])
    np.testing.assert_allclose(np.diff(starts), seconds / 14)
    assert sum(clip.seconds for clip in clips) == pytest.approx(seconds)
    assert set(Counter(clip.split for clip in clips)) == {"train", "validation", "test"}


def test_unknown_speakers_are_split_by_file_in_tenths(tmp_path: Path):
    for n in range(150):
        write(tmp_path / "talk" / f"{n}.wav", np.full(80, 0.1, np.float32))
    clips = read_negatives([tmp_path / "talk"]).clips
    count = Counter(clip.split for clip in clips)
    # Binomial: 15 of 150 expected, standard deviation 3.7; the names are fixed, so the draw is too.
    assert 5 <= count["test"] <= 25
    assert 5 <= count["validation"] <= 25
    assert clips == read_negatives([tmp_path / "talk"]).clips
    moved = shutil.copytree(tmp_path / "talk", tmp_path / "elsewhere" / "talk")
    assert [clip.split for clip in read_negatives([moved.parent]).clips] == [clip.split for clip in clips]


def test_many_speakers_are_never_in_two_splits(tmp_path: Path):
    for speaker in range(20):
        for chapter in (1, 2, 3):
            write(tmp_path / LIBRI.format(part="other", speaker=speaker, chapter=chapter), word(f"{speaker} {chapter}"))
    splits: dict[str | None, set[str]] = {}
    for clip in read_negatives([tmp_path]).clips:
        splits.setdefault(clip.speaker, set()).add(clip.split)
    assert all(len(of_speaker) == 1 for of_speaker in splits.values())
    assert set.union(*splits.values()) == {"train", "validation", "test"}


def test_broken_files_are_left_out_and_counted(tmp_path: Path):
    write(tmp_path / "good.wav", word("good"))
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "empty.flac").write_bytes(b"")
    write(tmp_path / "none.wav", np.zeros(0, np.float32))
    negatives = read_negatives([tmp_path])
    assert [clip.path.name for clip in negatives.clips] == ["good.wav"]
    assert sorted(item.path.name for item in negatives.left_out) == ["empty.flac", "none.wav", "text.wav"]
    assert str(tmp_path) not in negatives.summary()


@pytest.mark.parametrize("name", ["missing", "empty", "text.txt"])
def test_a_place_without_recordings_is_an_error(tmp_path: Path, name: str):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("nothing")
    with pytest.raises(DataError, match=name):
        read_negatives([tmp_path / name])


def test_summary_and_sum(tmp_path: Path):
    write(tmp_path / "talk" / "a.wav", noise(36.0, 1))
    write(tmp_path / "noise" / "b.wav", noise(72.0, 2))
    both = read_negatives([tmp_path / "talk"]) + read_negatives([tmp_path / "noise"])
    assert both.hours == pytest.approx(0.03)
    assert both.hours_of(kind="noise") == pytest.approx(0.02)
    summary = both.summary()
    assert "0.01 h of speech" in summary
    assert "0.02 h of noise" in summary
    assert "licence not stated (0.03 h)" in summary
    assert Negatives().summary() == "no negatives"


def test_progress_is_told(tmp_path: Path):
    for n in range(3):
        write(tmp_path / f"{n}.wav", word(f"{n}"))
    told: list[tuple[str, int, int]] = []
    read_negatives([tmp_path], progress=lambda *values: told.append(values))
    assert told == [("negatives", n, 3) for n in (1, 2, 3)]


def test_words_of_names_and_texts():
    assert words("Smart_Mirror") == ("smart", "mirror")
    assert words("don't stop – 24/7") == ("don't", "stop", "24", "7")
    assert says("Hey, smart mirror!", ("smart", "mirror"))
    assert not says("smart mirrors", ("smart", "mirror"))
    assert not says("mirror smart", ("smart", "mirror"))
