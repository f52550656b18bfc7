from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.voices import Delivery, Voice
from edge_asr.data.voices.jobs import PhraseJob, draw_jobs, engine_shares
from edge_asr.errors import SynthesisError


def made_up(engine: str, speakers: int, accents: tuple[str, ...] = ("en-us",)) -> list[Voice]:
    return [Voice(engine, f"{a}+{s}", a, "free", f"s{s}") for a in accents for s in range(speakers)]


VOICES = made_up("espeak", 64, ("en-us", "en-gb")) + made_up("flite", 4) + made_up("piper", 1)


def test_same_seed_same_jobs_and_another_seed_others() -> None:
    one, again, other = (draw_jobs(["alexa"], VOICES, 50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == again
    assert not set(one) & set(other)
    assert len({job.digest for job in one}) == 50


def test_engines_share_by_quality_and_the_root_of_their_speakers() -> None:
    # espeak 1 * sqrt(64), flite 2 * sqrt(4), piper 4 * sqrt(1); accents are no speakers.
    assert engine_shares(VOICES) == pytest.approx({"espeak": 0.5, "flite": 0.25, "piper": 0.25})
    jobs = draw_jobs(["alexa"], VOICES, 4000, np.random.default_rng(3))
    counts = Counter(job.voice.engine for job in jobs)
    # Four standard deviations of a binomial count.
    assert counts["flite"] == pytest.approx(1000, abs=110)
    assert counts["piper"] == pytest.approx(1000, abs=110)


def test_speakers_of_an_engine_speak_equally_often_and_with_all_accents() -> None:
    jobs = draw_jobs(["alexa"], made_up("espeak", 30, ("en-us", "en-gb", "en-gb-scotland")), 900, np.random.default_rng(4))
    assert set(Counter(job.voice.speaker for job in jobs).values()) == {30}
    assert min(Counter(job.voice.language for job in jobs).values()) > 230
    few = draw_jobs(["alexa"], made_up("espeak", 30), 20, np.random.default_rng(4))
    assert len({job.voice.speaker for job in few}) == 20


def test_texts_are_said_equally_often_whoever_says_them() -> None:
    jobs = draw_jobs(["alexa", "computer", "smart mirror"], VOICES, 301, np.random.default_rng(5))
    assert sorted(Counter(job.text for job in jobs).values()) == [100, 100, 101]
    assert len({(job.text, job.voice.engine) for job in jobs}) == 9


def test_deliveries_are_drawn_over_their_whole_ranges() -> None:
    jobs = draw_jobs(["smart mirror"], made_up("espeak", 4), 2000, np.random.default_rng(6))
    deliveries = [job.delivery for job in jobs]

    def ends(name: str) -> tuple[float, float]:
        values = [getattr(delivery, name) for delivery in deliveries]
        return min(values), max(values)

    # Two thousand draws come within a hundredth of both ends of a range.
    assert ends("rate") == (pytest.approx(0.75, abs=0.01), pytest.approx(1.35, abs=0.02))
    assert ends("pitch") == (pytest.approx(-4, abs=0.1), pytest.approx(4, abs=0.1))
    assert ends("pitch_range") == (pytest.approx(0.3, abs=0.02), pytest.approx(1.7, abs=0.02))
    assert ends("pause") == (0.0, pytest.approx(0.25, abs=0.01))
    assert Counter(delivery.stressed for delivery in deliveries).keys() == {-1, 0, 1}
    assert np.mean([delivery.pause > 0 for delivery in deliveries]) == pytest.approx(0.3, abs=0.05)
    assert Counter(delivery.ending for delivery in deliveries).keys() == {"", ".", "!", "?", ","}
    # As often slower as faster: the median of a range that is even in its logarithm is its geometric mean.
    assert np.median([delivery.rate for delivery in deliveries]) == pytest.approx((0.75 * 1.35) ** 0.5, abs=0.03)


def test_engines_that_move_formants_are_pitched_less() -> None:
    jobs = draw_jobs(["alexa"], made_up("piper", 4), 500, np.random.default_rng(7))
    assert 2.4 < max(abs(job.delivery.pitch) for job in jobs) <= 2.5


def test_single_words_and_sentences_are_not_paused_and_keep_their_punctuation() -> None:
    texts = ["alexa", "it was a very long time ago", "stop it now!"]
    deliveries = {text: [job.delivery for job in draw_jobs([text], VOICES, 200, np.random.default_rng(8))] for text in texts}
    assert all(delivery.pause == 0 for text in texts[:2] for delivery in deliveries[text])
    assert all(delivery.stressed == -1 for delivery in deliveries["alexa"])
    assert {delivery.ending for delivery in deliveries["stop it now!"]} == {""}
    assert max(delivery.stressed for delivery in deliveries["it was a very long time ago"]) == 6


def test_digest_stands_for_the_sound_and_not_for_the_place() -> None:
    job = PhraseJob("alexa", Voice("piper", "joe", "en-us", "CC0", "joe", Path("somewhere/joe.onnx")), Delivery())
    same = replace(job, voice=replace(job.voice, path=Path("elsewhere/joe.onnx"), licence="unknown"))
    assert same.digest == job.digest
    others = [
        replace(job, text="computer"),
        replace(job, voice=replace(job.voice, name="ann")),
        replace(job, voice=replace(job.voice, engine="flite")),
        replace(job, delivery=Delivery(take=1)),
        replace(job, delivery=Delivery(ending="?")),
    ]
    assert len({job.digest, *(other.digest for other in others)}) == 6


def test_needs_texts_and_voices() -> None:
    assert draw_jobs(["alexa"], VOICES, 0, np.random.default_rng(1)) == ()
    with pytest.raises(SynthesisError, match="found 0 texts"):
        draw_jobs([], VOICES, 5, np.random.default_rng(1))
    with pytest.raises(SynthesisError, match="and 0 voices"):
        draw_jobs(["alexa"], [], 5, np.random.default_rng(1))


@pytest.mark.parametrize("changes", [{"pause": -0.1}, {"pause": 2.0}, {"ending": "..."}, {"rate": 0.0}, {"pitch": 13.0}])
def test_impossible_deliveries_are_refused(changes: dict) -> None:
    with pytest.raises(SynthesisError, match="must be"):
        Delivery(**changes)
