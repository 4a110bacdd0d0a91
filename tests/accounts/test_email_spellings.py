"""Spellings of one mailbox: one user, one invitation and one rate limit."""

import secrets

import pytest
from django.contrib.auth.hashers import make_password

from accounts.models import Invitation, Letter, User
from tenants.context import tenant_context
from tests.accounts.test_enumeration import asked
from tests.support.accounts.in_process_client import post_from_address, random_address
from tests.support.accounts.tokens import status_and_code
from tests.support.accounts.users import user_with_session
from tests.support.factories import Agency, create_agency
from tests.support.hash_work import WORK, CountingHashPool
from tests.support.http_client import PASSWORD

LOGIN = "/api/auth/login"


@pytest.fixture(scope="module")
def agency(site) -> Agency:
    return create_agency(site, f"e{secrets.token_hex(5)}")


@pytest.fixture
def spellings() -> list[str]:
    """Return spellings of one unused mailbox; the first is the canonical one."""
    local = f"s{secrets.token_hex(6)}"
    return [
        f"{local}@xn--prbe-6qa.example",
        f"{local}@pröbe.example",
        f"{local.upper()}@PRÖBE.example",
        f"{local}@pro\u0308be.example",
        f"{local}@p\u00adröbe.example",
        f"{local}@prö\u200bbe.example",
        f"{local}@\uff50röbe\u3002example",
        f" {local}@XN--PRBE-6QA.example ",
    ]


def test_user_added_in_one_spelling_is_found_in_every_other(agency: Agency, spellings):
    manager = user_with_session(agency, "admin")
    body = {"email": spellings[4], "password": PASSWORD}
    made = manager.at.post("/api/users", body)
    assert (made.status_code, made.json()["email"]) == (201, spellings[0])

    for spelling in spellings:
        again = manager.at.post("/api/users", {"email": spelling, "password": PASSWORD})
        assert status_and_code(again) == (409, "email_taken")
        found = manager.at.get("/api/users", params={"search": spelling.strip()})
        assert [row["email"] for row in found.json()["results"]] == [spellings[0]]
    changed = manager.at.patch(f"/api/users/{made.json()['id']}", {"email": spellings[3]})
    assert changed.json()["email"] == spellings[0]


def test_invitations_in_every_spelling_count_for_one_address(agency: Agency, spellings):
    manager = user_with_session(agency, "admin")

    answers = [manager.at.post("/api/invitations", {"email": text}) for text in spellings]

    assert [answer.status_code for answer in answers] == [201] * 3 + [429] * 5
    with tenant_context(agency.ref):
        assert Invitation.objects.filter(email=spellings[0]).count() == 3
        assert Invitation.objects.filter(email=spellings[0], revoked_at=None).count() == 1
        assert not Letter.objects.exclude(recipient__regex=r"^[ -~]*$").exists()


def test_log_in_in_every_spelling_shares_the_tries_of_one_account(agency: Agency, spellings):
    with tenant_context(agency.ref):
        User.objects.create(email=spellings[0], password=make_password(PASSWORD))
    address = random_address()

    def log_in(email: str, password: str):
        body = {"email": email, "password": password}
        return post_from_address(agency.slug, LOGIN, body, address=address).status_code

    assert log_in(spellings[4], PASSWORD) == 200
    assert [log_in(text, "wrong") for text in spellings[:6]] == [401] * 5 + [429]
    assert log_in(spellings[7], PASSWORD) == 429


IMPOSSIBLE = ["nobody", "a@b", '"ada"@here.test', "v\u00adictim@here.test", f"a@{'b' * 64}.test"]


@pytest.mark.parametrize("email", IMPOSSIBLE)
def test_log_in_with_an_impossible_address_looks_like_an_unknown_one(
    agency: Agency, counted: CountingHashPool, email: str
):
    unknown = {"email": f"{secrets.token_hex(6)}@here.test", "password": PASSWORD}
    expected = asked(agency, LOGIN, unknown)
    counted.work = 0

    answer = asked(agency, LOGIN, {"email": email, "password": PASSWORD})

    assert answer[0] == 401
    assert answer == expected
    assert counted.work == WORK


@pytest.mark.parametrize("stored", ["kept@pröbe.example", f"kept@{'b' * 64}.example"])
def test_log_in_of_a_row_that_kept_its_spelling_works(agency: Agency, stored: str):
    canonical = "kept@xn--prbe-6qa.example"
    with tenant_context(agency.ref):
        User.objects.filter(email__in=[stored, canonical]).delete()
        hashed = make_password(PASSWORD)
        kept = User.objects.create(email=stored, password=hashed)
        other = User.objects.create(email=canonical, password=hashed)

    def who(email: str) -> str:
        body = {"email": email, "password": PASSWORD}
        answer = post_from_address(agency.slug, LOGIN, body, address=random_address())
        return answer.json()["user"]["id"]

    assert who(stored.upper().replace("Ö", "ö")) == str(kept.id)
    assert who(canonical) == str(other.id)
    assert who("kept@PRO\u0308BE.example") == str(other.id)
