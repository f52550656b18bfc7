"""Whatever stands in a speech bundle's manifest: it loads, hears and decodes, or there is a `BundleError` or `ConfigError`."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, write_bundle
from edge_asr.errors import BundleError, ConfigError
from edge_asr.runtime.ctc.hypothesis import Transcript
from edge_asr.runtime.grammar import Arc, Final, Grammar, write_grammar
from edge_asr.runtime.speech_engine import load_speech_engine
from tests.bundle.test_bundle_fuzz import FUZZ as LONG_FUZZ
from tests.bundle.test_bundle_fuzz import VALUES, places
from tests.runtime.tones import tones

FUZZ = settings(LONG_FUZZ, max_examples=200)
SOUND = tones(0.5, [(0.0, "yes")], length=0.3)
ARPA = b"\\data\\\nngram 1=4\n\n\\1-grams:\n-99\t<s>\n-1\t</s>\n-0.3\tyes\n-0.5\tno\n\n\\end\\\n"
GRAMMAR = write_grammar(Grammar("en", 2, (Arc(0, 1, "yes"),), (Final(1, "Agree"),)))
NEAR = st.sampled_from(
    [
        None,
        "_blank_",
        "yes",
        " ",
        "words",
        "characters",
        "lm",
        "grammar",
        "speech",
        "keywords",
        "stream",
        0,
        1,
        2,
        3,
        4,
        17,
        40.0,
        80.0,
    ]
)
"""What stands in such manifests, but elsewhere: it gets further than values at random."""


@pytest.fixture
def pristine(tiny_speech: Bundle) -> tuple[Path, dict[str, Any]]:
    manifest = tiny_speech.manifest
    draft = ManifestDraft(manifest.name, manifest.labels, manifest.frontend, kind="speech", speech=manifest.speech)
    parts = {m.form: ModelPart(tiny_speech.models[m.form], m.input, m.output, m.states, m.field_frames) for m in manifest.models}
    write_bundle(tiny_speech.path, draft, parts, {"lm": ("words.arpa", ARPA), "grammar": ("grammar.json", GRAMMAR)})
    return tiny_speech.path, json.loads((tiny_speech.path / "manifest.json").read_text())


def load_and_transcribe(folder: Path) -> Transcript | None:
    """What is heard; None where the bundle is refused."""
    try:
        engine = load_speech_engine(folder)
        decoder = engine.decoder()
        stream = engine.log_prob_stream()
        for log_probs in (stream.accept(SOUND), stream.finish()):
            decoder.advance(log_probs)
        return decoder.finish()
    except (BundleError, ConfigError):
        return None


def test_the_fuzz_can_transcribe(pristine: tuple[Path, dict[str, Any]]):
    folder, table = pristine
    found = load_and_transcribe(folder)
    assert found is not None
    assert (found.text, found.intent) == ("yes", "Agree")
    (folder / "manifest.json").write_text(json.dumps({**table, "speech": {}}))
    assert load_and_transcribe(folder) is None


@FUZZ
@given(data=st.data())
def test_changed_manifests(pristine: tuple[Path, dict[str, Any]], data: st.DataObject):
    folder, table = pristine
    table = copy.deepcopy(table)
    for _ in range(data.draw(st.sampled_from([1, 1, 1, 2, 3]))):
        part = data.draw(st.sampled_from([table, *(table[key] for key in ("speech", "assets", "models") if key in table)]))
        found = places(part)
        if not found:
            continue
        own = [place for place in found if place[0] is part]
        container, key = data.draw(st.sampled_from(own) | st.sampled_from(found))
        if data.draw(st.integers(0, 3)) == 0:
            container.pop(key)
        elif data.draw(st.booleans()) and isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
        else:
            container[key] = data.draw(NEAR | VALUES)
    (folder / "manifest.json").write_text(json.dumps(table))
    load_and_transcribe(folder)


@FUZZ
@given(number=st.integers(0, 1), edits=st.lists(st.tuples(st.floats(0, 0.999), st.binary(max_size=3)), min_size=1, max_size=4))
def test_assets_that_fit_their_hash_but_are_damaged(pristine: tuple[Path, dict[str, Any]], number: int, edits):
    """As a builder with a bug would write them: the language model alone, or the grammar."""
    folder, table = pristine
    asset = dict(table["assets"][number])
    content = (ARPA, GRAMMAR)[number]
    for where, replacement in edits:
        at = int(where * len(content))
        content = content[:at] + replacement + content[at + 1 :]
    (folder / "damaged").write_bytes(content)
    asset |= {"file": "damaged", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({**table, "assets": [asset]}))
    load_and_transcribe(folder)
