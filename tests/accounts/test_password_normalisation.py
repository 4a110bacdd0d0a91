"""Normalisation of passwords: one password in every Unicode form of a keyboard."""

import unicodedata

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import check_password, get_hasher, make_password

from accounts.auth.login import log_in
from accounts.models import User
from accounts.passwords.context_words import context_words, is_derived_from
from accounts.passwords.hashers import PepperedArgon2
from accounts.passwords.validation import (
    hash_new_password,
    user_password_matches,
    validate_new_password,
)
from audit.services import SYSTEM
from core.crypto.passwords import MAX_RAW_PASSWORD_LENGTH, normalize_password
from core.problems import ValidationFailed
from files.models import Share
from files.shares.passwords import check_share_password
from staff.models import StaffUser
from staff.services import create_staff
from tenants.context import tenant_context
from tests.support.accounts.in_process_client import post_from_address, random_address
from tests.support.factories import Agency
from tests.support.files.shares import create_share
from tests.support.hash_work import WORK, CountingHashPool

COMPOSED = "un caf\u00e9 cr\u00e8me s'il vous pla\u00eet"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
WIDE = "".join(chr(ord(c) + 0xFEE0) for c in "password1234")
LIGATURE = "\ufdfa"  # one code point, eighteen in NFKC


def hash_of_raw(password: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the hash that was stored before passwords were normalised."""
    with monkeypatch.context() as patch:
        patch.setattr("accounts.passwords.hashers.normalize_password", str)
        return make_password(password)


def codes_of(password: str, user: User | None = None, **kwargs: tuple[str, ...]) -> set[str]:
    with pytest.raises(ValidationFailed) as refused:
        hash_new_password(password, user or User(), **kwargs)
    return {fault.code for fault in refused.value.errors}


@pytest.mark.parametrize("stored", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
def test_password_in_another_form_is_the_same(stored: str, typed: str) -> None:
    assert user_password_matches(User(password=make_password(stored)), typed)


@pytest.mark.parametrize("password", [WIDE, "\uff30assword1234", "passwo\u1d63d1234"])
def test_common_password_in_another_form_is_common(password: str) -> None:
    assert codes_of(password) == {"password_too_common"}


def test_length_is_that_of_the_normalised_password() -> None:
    assert codes_of("e\u0301" * 5) == {"password_too_short"}
    assert codes_of(LIGATURE) == {"password_too_short"}
    assert codes_of(LIGATURE * 15) == {"password_too_long"}
    validate_new_password("e\u0301" * 200)


def test_password_beyond_every_bound_is_not_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    normalize = unicodedata.normalize

    def counting(form: str, text: str) -> str:
        lengths.append(len(text))
        return normalize(form, text)

    monkeypatch.setattr("unicodedata.normalize", counting)
    marks = "a" + "\u0301" * 500_000

    assert codes_of(marks) == {"password_too_long"}
    assert not user_password_matches(None, marks)
    assert max(lengths, default=0) <= MAX_RAW_PASSWORD_LENGTH


def test_hash_of_the_raw_text_is_accepted_once_and_made_anew(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = hash_of_raw(DECOMPOSED, monkeypatch)
    assert not check_password(COMPOSED, old)
    with tenant_context(agency.ref):
        User.objects.filter(email=agency.owner.email).update(password=old)

        log_in(email=agency.owner.email, password=DECOMPOSED)

        stored = User.objects.get().password
        assert stored != old
        assert check_password(COMPOSED, stored)
        log_in(email=agency.owner.email, password=COMPOSED)
        assert User.objects.get().password == stored


@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("which", ["unknown", "current", "of the raw text", "no password"])
def test_refusal_costs_the_same_hashing_for_every_account(
    counted: CountingHashPool, monkeypatch: pytest.MonkeyPatch, which: str, typed: str
) -> None:
    other = "quelque chose d'autre \u00e9"
    users = {
        "unknown": None,
        "current": User(password=make_password(other)),
        "of the raw text": User(
            password=hash_of_raw(unicodedata.normalize("NFD", other), monkeypatch)
        ),
        "no password": User(password=make_password(None)),
    }
    user_password_matches(None, "first, the hash of an unknown address is made")
    counted.work = 0

    assert not user_password_matches(users[which], typed)

    assert counted.work == WORK * (1 if typed == normalize_password(typed) else 2)


def test_right_password_of_an_inactive_user_costs_the_same(
    agency: Agency, counted: CountingHashPool
) -> None:
    with tenant_context(agency.ref):
        User.objects.filter(email=agency.owner.email).update(
            password=make_password(COMPOSED), is_active=False
        )
    work = []
    for email in (agency.owner.email, "unknown@here.test"):
        counted.work = 0
        body = {"email": email, "password": DECOMPOSED}
        answer = post_from_address(agency.slug, "/api/auth/login", body, address=random_address())
        assert answer.status_code == 401
        work.append(counted.work)

    assert work[0] == 2 * WORK
    assert work[1] in {2 * WORK, 3 * WORK}  # the hash of an unknown address is made once


def test_share_password_in_another_form_opens_the_link(agency: Agency) -> None:
    link = create_share(agency.owner.at, password=DECOMPOSED)

    with tenant_context(agency.ref):
        share = Share.objects.get(pk=link["id"])
        check_share_password(share, COMPOSED)
        check_share_password(share, DECOMPOSED)


def test_staff_password_in_another_form_logs_in(
    site, counted: CountingHashPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = f"s{User().id.hex}@aggios.test"
    staff = create_staff(email=email, password=DECOMPOSED, actor=SYSTEM)

    assert authenticate(None, username=email, password=COMPOSED) == staff
    assert authenticate(None, username=email, password=DECOMPOSED) == staff

    old = hash_of_raw(DECOMPOSED, monkeypatch)
    StaffUser.objects.filter(pk=staff.pk).update(password=old)
    assert authenticate(None, username=email, password=DECOMPOSED) == staff
    assert check_password(COMPOSED, StaffUser.objects.get(pk=staff.pk).password)

    authenticate(None, username="unknown@aggios.test", password="x")
    counted.work = 0
    authenticate(None, username="unknown@aggios.test", password=DECOMPOSED)
    assert counted.work == 2 * WORK


def test_staff_password_rules_see_the_normalised_text(site) -> None:
    with pytest.raises(ValidationFailed) as refused:
        create_staff(email="wide@aggios.test", password=WIDE, actor=SYSTEM)

    assert [fault.code for fault in refused.value.errors] == ["password_too_common"]


def test_every_hash_is_made_of_the_normalised_text() -> None:
    assert isinstance(get_hasher(), PepperedArgon2)
    assert check_password(COMPOSED, make_password(DECOMPOSED))


@pytest.mark.parametrize(
    "password",
    [
        "aggios123456",
        "Aggios-2026!!",
        "\uff21\uff47\uff47\uff49\uff4f\uff5312345",
        "aggiosaggios",
        "aggios-password1",
        "initech-2026",
        "Initech Ltd 2026",
    ],
)
def test_names_of_product_and_workspace_are_context_words(password: str) -> None:
    assert codes_of(password, names=("Initech Ltd", "initech")) == {"password_context_word"}


def test_context_word_is_found_whatever_the_form_of_the_name() -> None:
    for name in ("Caf\u00e9haus", "Cafe\u0301haus", "\uff23\uff41\uff46\u00e9haus"):
        assert codes_of("caf\u00e9haus-2026", names=(name,)) == {"password_context_word"}, name


@pytest.mark.parametrize("password", ["my aggios account is fine", "correct horse battery staple"])
def test_phrase_beside_a_context_word_is_accepted(password: str) -> None:
    hash_new_password(password, User(), names=("Initech Ltd", "initech"))


def test_context_words_are_those_of_the_workspace(agency: Agency) -> None:
    with tenant_context(agency.ref):
        assert agency.slug in context_words()
        assert codes_of(f"{agency.slug}-2026") == {"password_context_word"}
    assert agency.slug not in context_words()
    assert not is_derived_from("ab-cd-ef-gh-ij", context_words("ab"))
