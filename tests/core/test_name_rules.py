"""Names of users, tenants and keys: no hidden characters, and every writing system."""

import unicodedata

import pytest

from core.api.filters import validate_search
from core.problems import ValidationFailed
from core.text.names import clean_name
from core.text.normalization import normalize_text
from files.filenames import validate_filename as checked_file_name
from files.filenames import validate_path
from tenants.names import clean_tenant_name as checked_tenant_name

TAKEN = {
    "Latin": "Zoë O'Brien-Łukasz",
    "Persian with ZWNJ": "می\u200cخواهم",  # noqa: RUF001
    "Hindi with ZWJ": "क्\u200dष",
    "Hindi with ZWNJ": "क्\u200cष",
    "Bengali ya-phalaa": "র\u200d্য",
    "Malayalam chillu at the end": "ന്\u200d",
    "Hebrew": "שלום",
    "Arabic": "محمد",
    "Japanese with a selector": "葛\U000e0100城",
    "Mongolian with a selector": "ᠮᠣᠩᠭᠣᠯ\u180b",
    "family": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "heart": "Ann \u2764\ufe0f",
    "keycap": "1\ufe0f\u20e3",
    "skin tone and profession": "\U0001f469\U0001f3fd\u200d\u2695\ufe0f",
    "flag of Scotland": "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "flag with a rainbow": "\U0001f3f3\ufe0f\u200d\U0001f308",
    "head that is shaken": "\U0001f642\u200d\u2194\ufe0f",
}
REFUSED = {
    "direction override": ("Ada\u202eexe", "direction_character"),
    "direction isolate": ("Ada\u2066", "direction_character"),
    "right-to-left mark": ("Ada\u200f", "direction_character"),
    "line break": ("Ada\r\nBcc: x", "control_character"),
    "line separator": ("Ada\u2028x", "control_character"),
    "NUL": ("Ada\0x", "control_character"),
    "escape": ("Ada\x1b[2J", "control_character"),
    "half of a pair": ("Ada\ud800", "control_character"),
    "zero-width space alone": ("\u200b", "invisible_character"),
    "zero-width space": ("Ad\u200ba", "invisible_character"),
    "soft hyphen": ("Ad\u00ada", "invisible_character"),
    "byte order mark": ("Ad\ufeffa", "invisible_character"),
    "Hangul filler": ("\u3164", "invisible_character"),
    "blank of Braille": ("\u2800", "invisible_character"),
    "joiner in Latin": ("Ad\u200da", "invisible_character"),
    "joiner at the end": ("محمد\u200c", "invisible_character"),
    "two joiners": ("می\u200c\u200cخ", "invisible_character"),
    "selector behind a Latin letter": ("Ada\ufe0f", "invisible_character"),
    "tags": ("Ada\U000e0041", "invisible_character"),
    "blank": (" \u3000 ", "required"),
}


def cleaned(text: str, **options) -> str:
    return clean_name(text, field="name", max_length=100, **options)


@pytest.mark.parametrize("name", TAKEN.values(), ids=TAKEN)
def test_name_in_any_script_is_unchanged(name: str):
    assert cleaned(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(("name", "code"), REFUSED.values(), ids=REFUSED)
def test_name_with_hidden_characters_is_refused(name: str, code: str):
    with pytest.raises(ValidationFailed) as refusal:
        cleaned(name)

    assert [(fault.field, fault.code) for fault in refusal.value.errors] == [("name", code)]


def test_name_is_composed_and_stripped():
    assert cleaned("  Zoe\u0308 \n") == "Zo\u00eb"
    assert cleaned("  ", required=False) == ""


@pytest.fixture
def lengths(monkeypatch) -> list[int]:
    """Return the lengths of all texts that are normalised in the test."""
    seen: list[int] = []
    real = unicodedata.normalize

    def counting(form, text):
        seen.append(len(text))
        return real(form, text)

    monkeypatch.setattr(unicodedata, "normalize", counting)
    return seen


@pytest.mark.parametrize(
    "read",
    [
        lambda text: checked_file_name(text, field="file"),
        lambda text: validate_path(text, field="path"),
        checked_tenant_name,
        validate_search,
        cleaned,
    ],
)
def test_long_name_is_refused_before_normalising(lengths, read):
    with pytest.raises(ValidationFailed):
        read("\u0300\u0316" * 250_000)

    assert lengths == []


def test_normalised_length_is_bounded(lengths):
    for length in (401, 500_000):
        with pytest.raises(ValidationFailed):
            normalize_text("\u0300" * length, "NFC", max_length=100, field="name")

    assert lengths == []
    assert normalize_text("e\u0301" * 100, "NFC", max_length=100, field="name") == "\u00e9" * 100
    assert lengths == [200]
