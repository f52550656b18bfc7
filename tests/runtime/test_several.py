"""Several bundles on one stream hear what each hears alone, and share a front end where theirs are equal."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np
import pytest

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.bundle.store import Bundle
from edge_asr.errors import AudioError, ConfigError
from edge_asr.frontend.streaming import StreamingFrontend
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.runtime.listener import Listener
from edge_asr.runtime.stream import Stream
from tests.runtime.tones import RATE, random_chunks, tones

SOUND = tones(12, [(1.0, "yes"), (3.1, "no"), (5.2, "yes"), (7.1, "no"), (11.4, "yes")])


def renamed(bundle: Bundle, name: str, words: tuple[str, str] = ("yes", "no"), **changes) -> Engine:
    """The engine of `bundle` with other words."""
    manifest = dataclasses.replace(bundle.manifest, name=name, labels=("_silence_", "_unknown_", *words), **changes)
    return load_engine(dataclasses.replace(bundle, manifest=manifest))


@pytest.fixture
def engines(tiny_bundle: Bundle, tiny_forms: Bundle) -> list[Engine]:
    """Two with one front end and step, one with another step, one with another front end (a hop of 10 ms)."""
    faster = replace(tiny_bundle.manifest.frontend, hop_ms=10.0)
    return [
        renamed(tiny_forms, "first", ("yes", "no")),
        renamed(tiny_forms, "second", ("ja", "nein"), detect=replace(tiny_forms.manifest.detect, threshold=0.6)),
        renamed(tiny_bundle, "third", ("oui", "non")),
        renamed(tiny_bundle, "fourth", ("si", "nee"), frontend=faster),
    ]


def listeners(engines: list[Engine], **settings) -> list[Listener]:
    return [Listener(engine, replace(engine.manifest.detect, **settings), engine.manifest.name) for engine in engines]


def hear(stream: Stream, chunks) -> list:
    return [event for chunk in chunks for event in stream.accept(chunk)] + stream.finish()


@pytest.mark.parametrize("settings", [{}, {"threshold": 0.3, "refractory_ms": 0.0}])
def test_each_hears_what_it_hears_alone(engines: list[Engine], settings: dict):
    together = hear(Stream(listeners(engines, **settings)), random_chunks(SOUND, 3000, seed=1))
    for engine in engines:
        alone = hear(engine.stream(replace(engine.manifest.detect, **settings)), [SOUND])
        assert len(alone) >= 4
        assert [replace(event, bundle="") for event in together if event.bundle == engine.manifest.name] == alone
    assert {event.bundle for event in together} == {engine.manifest.name for engine in engines}


def test_events_come_in_the_order_of_time_however_the_sound_is_cut(engines: list[Engine]):
    whole = hear(Stream(listeners(engines)), [SOUND])
    assert [event.end for event in whole] == sorted(event.end for event in whole)
    assert hear(Stream(listeners(engines)), random_chunks(SOUND, 900, seed=2)) == whole
    reordered = hear(Stream(listeners(engines[::-1])), [SOUND])
    assert sorted(map(str, reordered)) == sorted(map(str, whole))


def test_equal_front_ends_run_once(engines: list[Engine], monkeypatch):
    ran = []
    accept = StreamingFrontend.accept
    monkeypatch.setattr(StreamingFrontend, "accept", lambda self, chunk: (ran.append(self), accept(self, chunk))[1])
    Stream(listeners(engines)).accept(SOUND[:RATE])
    assert len(set(map(id, ran))) == 3  # of four


def test_the_end_is_heard_as_far_as_each_would(tiny_forms: Bundle):
    """Beside a longer window a listener hears no more silence than alone, and no less. Here silence is a word."""
    words = {"labels": ("hush", "_unknown_", "yes", "no")}
    other = {"labels": ("still", "_unknown_", "ja", "nein")}
    short, long = (load_engine(replace(tiny_forms, manifest=replace(tiny_forms.manifest, **names))) for names in (words, other))
    eager = DetectSpec(step_ms=80, smoothing_ms=0, threshold=0.5, release=1.0, refractory_ms=0)

    def heard(*wanted: Engine) -> list[tuple[str, float]]:
        made = [Listener(engine, eager, "short" if engine is short else "long") for engine in wanted]
        for listener in made:
            listener.tail = 3 * RATE if listener.bundle == "long" else listener.tail
        return [(event.label, event.end) for event in hear(Stream(made), [SOUND])]

    together = heard(long, short)
    assert [label for label, _ in heard(short)][-1] == "yes"  # its half a window is too short for the silence
    assert [label for label, _ in heard(long)][-1] == "still"
    assert sorted(together) == sorted(heard(short) + heard(long))
    assert together[-1][1] == len(SOUND) / RATE


def test_reset_is_for_all(engines: list[Engine]):
    stream = Stream(listeners(engines))
    first = hear(stream, [SOUND])
    stream.reset()
    assert stream.samples == 0
    assert stream.posterior.sum() == 0.0
    assert hear(stream, [SOUND]) == first


def test_posterior_is_of_all_labels(engines: list[Engine]):
    stream = Stream(listeners(engines[:2]))
    stream.accept(SOUND[: 2 * RATE])
    alone = [engine.stream() for engine in engines[:2]]
    for one in alone:
        one.accept(SOUND[: 2 * RATE])
    assert np.array_equal(stream.posterior, np.concatenate([one.posterior for one in alone]))
    assert stream.level == alone[0].level


def test_bad_samples_are_refused_by_all(engines: list[Engine]):
    stream = Stream(listeners(engines))
    stream.accept(SOUND[:5000])
    with pytest.raises(AudioError):
        stream.accept(np.full(10, np.nan, np.float32))
    assert hear(stream, [SOUND[5000:]]) == hear(Stream(listeners(engines)), [SOUND])


def test_a_word_belongs_to_one_bundle(tiny_bundle: Bundle, tiny_forms: Bundle):
    same = [renamed(tiny_bundle, "a", ("yes", "no")), renamed(tiny_forms, "b", ("yes", "nein"))]
    with pytest.raises(ConfigError, match=r"found in more than one: yes$"):
        Stream(listeners(same))


def test_sample_rates_must_be_equal(tiny_bundle: Bundle):
    slow = replace(tiny_bundle.manifest.frontend, sample_rate=8000, high_hz=0.0)
    engines = [renamed(tiny_bundle, "a"), renamed(tiny_bundle, "b", ("ja", "nein"), frontend=slow)]
    with pytest.raises(ConfigError, match="found 8000, 16000 Hz"):
        Stream(listeners(engines))
