"""The Brazilian Portuguese catalogue is complete, compiled and matches its originals."""

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.contrib.auth.password_validation import get_default_password_validators
from django.core import validators
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext, override
from rest_framework import exceptions as drf
from rest_framework import fields
from rest_framework import serializers as drf_serializers

from accounts.users.creation import MAX_NAME_LENGTH
from core.crypto.passwords import SAME_PASSWORD
from core.problems import ValidationFailed, catalogue
from core.text.names import CONTROL, DIRECTION, INVISIBLE, clean_name
from core.text.translation import translated
from tenants.names import NAME_LENGTH_ERROR
from tests.support.translatable_strings import (
    ROOT,
    composed_error_sentences,
    error_sentences,
    translatable_strings,
)

FOLDER = ROOT / "templates/locale/pt_BR/LC_MESSAGES"
COMPILE = f"python -c \"import polib; polib.pofile('{FOLDER.name}/django.po').save_as_mofile(…)\""
PLACEHOLDER = re.compile(r"%\(\w+\)[srd]|%[ds]|\{\w+(?::\w)?\}|<[^>]+>")
FAULT = re.compile(r'FieldError\([^()]*?"([A-Z][^"{}]+\.)"')


@pytest.fixture(scope="module")
def entries() -> dict[str, polib.POEntry]:
    return {entry.msgid: entry for entry in polib.pofile(str(FOLDER / "django.po"))}


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_compiled_catalogue_is_current(entries) -> None:
    compiled = {e.msgid: translations(e) for e in polib.mofile(str(FOLDER / "django.mo"))}

    assert compiled == {msgid: translations(e) for msgid, e in entries.items()}, COMPILE


def test_marked_strings_are_translated(entries) -> None:
    known = set(entries) | {entry.msgid_plural for entry in entries.values()}

    assert len(translatable_strings()) > 50
    assert translatable_strings() - known == set()


def test_problem_titles_are_translated(entries) -> None:
    autodiscover_modules("problems")
    titles = {problem.title for problem in catalogue().values()}

    assert titles - set(entries) == set()


def test_api_errors_are_translated(entries) -> None:
    """Some are in the catalogues of Django and of Django REST framework."""
    autodiscover_modules("problems")
    known = set(entries) | {entry.msgid_plural for entry in entries.values()}
    found = error_sentences()

    with override("pt-br"):
        assert {text for text in found - known if gettext(text) == text} == set()
    assert len(found) > 150


def test_no_api_error_is_composed_without_a_template() -> None:
    autodiscover_modules("problems")

    assert composed_error_sentences() == []


def framework_messages() -> set[str]:
    """The messages of Django REST framework's fields and exceptions, and of Django's validators."""
    kinds = [*vars(fields).values(), *vars(drf_serializers).values()]
    errors = [
        kind.default_error_messages
        for kind in kinds
        if isinstance(kind, type) and hasattr(kind, "default_error_messages")
    ]
    found = {message for messages in errors for message in messages.values()}
    found |= {
        vars(kind)["default_detail"]
        for kind in vars(drf).values()
        if isinstance(kind, type) and "default_detail" in vars(kind)
    }
    found |= {
        kind.message
        for kind in vars(validators).values()
        if isinstance(kind, type) and hasattr(kind, "message")
    }
    return found


def test_messages_of_the_frameworks_are_translated() -> None:
    unused = {"A valid biginteger is required.", "Integer value too large to convert to float"}
    found = framework_messages()
    with override("en"):
        english = {str(message) for message in found} - {""}
    with override("pt-br"):
        portuguese = {str(message) for message in found}

    assert len(english) > 50
    assert english & portuguese <= unused


def test_form_errors_are_translated(entries) -> None:
    sources = [*Path(ROOT, "tenants").rglob("*.py"), Path(ROOT, "operations/tenant_owners.py")]
    faults = {fault for source in sources for fault in FAULT.findall(source.read_text())}
    faults |= {detail for _, detail in (CONTROL, DIRECTION, INVISIBLE)}

    assert len(faults) > 2
    assert faults - set(entries) == set()


def test_name_and_password_errors_are_translated(entries) -> None:
    rules = get_default_password_validators()
    ours = [rule for rule in rules if "get_help_text" in vars(type(rule))]
    own = {rule.get_help_text() for rule in ours if type(rule).__module__.startswith("accounts.")}
    with pytest.raises(ValidationFailed) as refused:
        clean_name("x" * (MAX_NAME_LENGTH + 1), field="first_name", max_length=MAX_NAME_LENGTH)
    faults = {refused.value.errors[0].detail, NAME_LENGTH_ERROR[1], SAME_PASSWORD}

    with override("pt-br"):
        said = {translated(detail) for detail in faults}
        untranslated = {rule.get_help_text() for rule in rules} & own
    assert said & faults == set()
    assert untranslated == set()


def test_catalogue_has_no_blank_or_fuzzy_entry(entries) -> None:
    autodiscover_modules("problems")
    assert not [e.msgid for e in entries.values() if not all(translations(e)) or e.fuzzy]
    with override("pt-br"):
        assert dict(settings.LANGUAGES).keys() == {"en", "pt-br"}


def test_placeholders_and_links_survive_translation(entries) -> None:
    for entry in entries.values():
        wanted = sorted(PLACEHOLDER.findall(entry.msgid))
        for text in translations(entry):
            assert sorted(PLACEHOLDER.findall(text)) == wanted, entry.msgid
