import pytest

from edge_asr.bundle.phrase import phrase_label
from edge_asr.errors import ConfigError


@pytest.mark.parametrize(
    ("phrase", "label"),
    [
        ("computer", "computer"),
        ("  Smart\tMirror ", "smart_mirror"),
        ("hey, it's me", "hey,_it's_me"),
        ("Öffne Tür", "öffne_tür"),
        ("打开", "打开"),
    ],
)
def test_a_phrase_has_a_label(phrase, label):
    assert phrase_label(phrase) == label


@pytest.mark.parametrize("phrase", ["", "  ", "12", "../up", "a\\b", "_unknown_", ".hidden", "a\0b", "x" * 61, "say: now"])
def test_what_is_no_phrase_is_refused(phrase):
    with pytest.raises(ConfigError, match="expected a phrase of words"):
        phrase_label(phrase)
