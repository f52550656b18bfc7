from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.audio_file import read_audio
from edge_asr.data.clips import Clip
from edge_asr.data.spec import AugmentSpec, DataSpec
from edge_asr.data.task import Example
from edge_asr.data.waveforms import Waveforms
from edge_asr.errors import AudioError
from edge_asr.runtime.window import fit_window
from tests.data_room.sounds import RATE, noise, word, write

SPEC = DataSpec(reader="folder", labels=("yes", "_silence_", "_unknown_"))


@pytest.fixture
def waveforms(tmp_path: Path) -> Waveforms:
    hiss = write(tmp_path / "hiss.wav", noise(15, 0))
    return Waveforms((hiss,), RATE, SPEC, AugmentSpec(), seed=1)


def example(*paths: Path, split: str = "train", word: str = "yes", name: str = "x") -> Example:
    return Example(name, 0, split, tuple(Clip(path, word, None, split) for path in paths))


def test_variant_0_is_the_clip_as_it_came(tmp_path: Path, waveforms: Waveforms):
    path = write(tmp_path / "a.wav", word("yes"))
    np.testing.assert_array_equal(waveforms.waveform(example(path)), fit_window(read_audio(path, RATE), RATE))


def test_a_variant_is_the_same_whenever_it_is_asked_for(tmp_path: Path, waveforms: Waveforms):
    path = write(tmp_path / "a.wav", word("yes"))
    variants = list(waveforms.variants(example(path), range(4)))
    np.testing.assert_array_equal(waveforms.waveform(example(path), 3), variants[3])
    assert len({samples.tobytes() for samples in variants}) == 4


def test_seed_and_id_change_the_variants(tmp_path: Path, waveforms: Waveforms):
    path = write(tmp_path / "a.wav", word("yes"))
    other_seed = Waveforms(waveforms.noise_files, RATE, SPEC, AugmentSpec(), seed=2)
    made = [
        waveforms.waveform(example(path), 1),
        other_seed.waveform(example(path), 1),
        waveforms.waveform(example(path, name="y"), 1),
    ]
    assert len({samples.tobytes() for samples in made}) == 3


@pytest.mark.parametrize(("split", "same"), [("train", False), ("validation", True), ("test", True)])
def test_silence_is_from_the_noise_of_its_split(waveforms: Waveforms, split: str, same: bool):
    """Validation and test are the same for every seed; training hears none of their noise."""
    other_seed = Waveforms(waveforms.noise_files, RATE, SPEC, AugmentSpec(), seed=2)
    names = [f"{split}{i}" for i in range(30)]
    cuts = [waveforms.waveform(example(split=split, name=name)) for name in names]
    others = [other_seed.waveform(example(split=split, name=name)) for name in names]
    assert same == all(np.array_equal(*pair) for pair in zip(cuts, others, strict=True))
    whole = waveforms.noises.of(split)[0].astype(np.float64)
    for cut in cuts:
        if cut.any():
            # The cut is somewhere in this split's noise, times a gain: there the correlation is 1 up to float32 rounding.
            size = len(whole) + RATE
            product = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(cut.astype(np.float64), size))
            likeness = np.fft.irfft(product, size)[: len(whole) - RATE + 1]
            place = int(np.argmax(likeness))
            piece = whole[place : place + RATE]
            assert likeness[place] == pytest.approx(np.linalg.norm(piece) * np.linalg.norm(cut), rel=1e-4)


def test_every_variant_of_silence_is_a_new_cut(waveforms: Waveforms):
    variants = [samples.tobytes() for samples in waveforms.variants(example(), range(12)) if samples.any()]
    assert len(set(variants)) == len(variants) > 6


def test_spliced_words_are_cut_elsewhere_in_each_variant(tmp_path: Path, waveforms: Waveforms):
    pair = example(write(tmp_path / "a.wav", word("yes")), write(tmp_path / "b.wav", word("no")))
    made = list(waveforms.variants(pair, range(3)))
    assert all(samples.shape == (RATE,) for samples in made)
    assert len({samples.tobytes() for samples in made}) == 3


@pytest.mark.parametrize(
    ("samples", "message"), [(np.zeros(RATE, np.float32), "digital silence"), (word("yes")[2000:2700], "found 0.044 seconds")]
)
def test_what_can_be_no_word_is_an_audio_error(tmp_path: Path, waveforms: Waveforms, samples: np.ndarray, message: str):
    path = write(tmp_path / "a.wav", samples)
    with pytest.raises(AudioError, match=message):
        waveforms.waveform(example(path))
    assert waveforms.waveform(example(path, word="_silence_")).shape == (RATE,)
