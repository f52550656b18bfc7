import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_asr.data.alphabets import alphabet_of
from edge_asr.data.tokens import character_tokens
from edge_asr.data.transcribed.normalize import normalize

LANGUAGES = ["en", "de", "fr", "es", "it", "pl", "ja", "sw", "pt-BR", "fr-CH"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mr. Smith's 3rd dog; “quite” naïve — co-op", "mister smith's third dog quite naive co op"),
        ("said Dr Jones of St. Mary's, etc.", "said doctor jones of saint mary's et cetera"),
        ("“No.” “No. 5?”", "no number five"),
        (
            "In 1889 (the 19th century), 1,889 men",
            "in eighteen eighty nine the nineteenth century one thousand eight hundred and eighty nine men",
        ),
        ("the 1990s, the ’90s and the 1900s", "the nineteen nineties the nineties and the nineteen hundreds"),
        ("3.10 or -5° or 50%", "three point one zero or minus five degrees or fifty percent"),
        (
            "$2.50, $1, $3.00, £1,200, $1.5 million",
            "two dollars fifty one dollar three dollars one thousand two hundred pounds one point five million dollars",
        ),
        ("call 4111111111111", "call four" + " one" * 12),
        ("agent 007, no mp3", "agent zero zero seven no mp three"),
        ("‘rock ’n’ roll’, the boys’ o’clock", "rock n roll the boys o'clock"),
        ("B&B at the B.B.C.", "b and b at the b b c"),
        ("ﬁne ＡＢＣ Ærø", "fine abc aero"),
        ("He [laughter] laughed (aloud) <breath>", "he laughed aloud"),
    ],
)
def test_english(text: str, said: str):
    normalized = normalize(text, "en")
    assert normalized.text == said
    assert not normalized.missing


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("de", "Dr. Müller, z. B., zahlte 1.200,50 €", "doktor müller zum beispiel zahlte eintausendzweihundert euro fünfzig"),
        ("de", "1889!", "achtzehnhundertneunundachtzig"),
        ("de", "Wie geht's im Café?", "wie gehts im cafe"),
        ("fr", "M. Dupont, l’homme aux 1 234 œufs, où ?", "monsieur dupont l'homme aux mille deux cent trente quatre œufs où"),
        ("fr", "-3 à -5°", "moins trois à moins cinq degrés"),
        ("fr", "le 1er, la 1re et la 2e ; 3,5 %", "le premier la première et la deuxième trois virgule cinq pour cent"),
        ("es", "¿El 2º día, Sr. Pérez, o la 3ª vez?", "el segundo día señor pérez o la tercera vez"),
        ("it", "C’è l'8º: un po’ d’acqua, 1.000 €", "c'è l'ottavo un po d'acqua mille euro"),
        ("pt-BR", "16 dias.", "dezesseis dias"),
        ("fr-CH", "70", "septante"),
        ("pl", "„Żółć”, 21 kotów", "żółć dwadzieścia jeden kotów"),
        ("pl", "z\N{ZERO WIDTH JOINER}\N{COMBINING DOT ABOVE}aba", "żaba"),
        ("hi", "नमस्ते, दुनिया।", "नमस्ते दुनिया"),
    ],
)  # fmt: skip
def test_other_languages(language: str, text: str, said: str):
    normalized = normalize(text, language)
    assert normalized.text == said
    assert not normalized.missing


def test_what_was_dropped_is_counted_by_character():
    assert normalize("“Oh, no,” he said: naïve… café!", "en").dropped == {
        "“": 1, "”": 1, ",": 2, ":": 1, ".": 3, "!": 1, "\N{COMBINING DIAERESIS}": 1, "\N{COMBINING ACUTE ACCENT}": 1,
    }  # fmt: skip
    assert normalize("'so'", "en").dropped == {"'": 2}
    assert not normalize("  as   it is ", "en").dropped


@pytest.mark.parametrize(
    ("language", "text", "missing"),
    [
        ("en", "at 10:30", "0 1 3"),
        ("en", "from 1914-18", "1 4 8 9"),
        ("en", "half is ½", "1 2"),
        ("en", "the letter Ж", "ж"),
        ("en", "I saw <unk> there", "<unk>"),
        ("pl", "3,5 zł", "3 5"),
        ("sw", "siku 5", "5"),
    ],
)
def test_what_has_no_sure_reading_is_told(language: str, text: str, missing: str):
    assert normalize(text, language).missing == missing


@given(st.text(max_size=60), st.sampled_from(LANGUAGES))
def test_any_text_becomes_letters_and_single_spaces(text: str, language: str):
    said = normalize(text, language).text
    assert said == " ".join(said.split()) == unicodedata.normalize("NFC", said)
    letters = alphabet_of(language)
    if letters is None:
        assert all(unicodedata.category(char)[0] in "LM" or char in " '" for char in said)
    else:
        assert set(said) <= letters | {" "}
    if said:
        tokens = character_tokens(language, [said])
        assert tokens.decode(tokens.encode(said)) == said


@given(st.text(alphabet="0123456789.,$€%stndrh -/:", max_size=20), st.sampled_from(LANGUAGES))
def test_any_number_is_said_or_missing(text: str, language: str):
    normalized = normalize(text, language)
    digits = {char for char in text if char.isdecimal()}
    assert set(normalized.missing.split()) <= digits
    assert not digits or normalized.text or normalized.missing


@given(st.integers(min_value=0, max_value=10**14), st.sampled_from(["en", "de", "fr", "es", "it"]))
def test_normalising_twice_changes_nothing(number: int, language: str):
    said = normalize(f"so {number} men", language)
    assert not said.missing
    assert normalize(said.text, language) == type(said)(said.text, type(said.dropped)())
