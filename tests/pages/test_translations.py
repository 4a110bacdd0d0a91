"""The Brazilian Portuguese catalogue is complete, compiled and matches its originals."""

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.contrib.auth.password_validation import get_default_password_validators
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext, override

from accounts.users.creation import MAX_NAME_LENGTH
from core.crypto.passwords import SAME_PASSWORD
from core.problems import ValidationFailed, catalogue
from core.text.names import CONTROL, DIRECTION, INVISIBLE, clean_name
from tenants.names import NAME_LENGTH_ERROR
from tests.support.translatable_strings import ROOT, translatable_strings

FOLDER = ROOT / "templates/locale/pt_BR/LC_MESSAGES"
COMPILE = f"python -c \"import polib; polib.pofile('{FOLDER.name}/django.po').save_as_mofile(…)\""
PLACEHOLDER = re.compile(r"%\(\w+\)s|%[ds]|<[^>]+>")
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
        said = {gettext(detail) for detail in own | faults}
        untranslated = {rule.get_help_text() for rule in rules} & own
    assert said & (own | faults) == set()
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
