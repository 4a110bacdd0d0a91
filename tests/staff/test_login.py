"""Log-in to the staff API: successes, failures, and what they reveal."""

import secrets
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.passwords import hashers
from accounts.passwords.hashers import PasswordHashPool
from audit.services import SYSTEM
from core.problems import InvalidCredentials
from staff.models import StaffToken, StaffUser
from staff.second_factor import confirm_factor, start_enrolment, unconfirmed_secret
from staff.tokens import issue_token
from tests.support.accounts.in_process_client import random_address
from tests.support.accounts.second_factors import AuthenticatorApp
from tests.support.factories import Agency
from tests.support.http_client import BASE_DOMAIN, PASSWORD, Site
from tests.support.staff import log_in_to_api
from tests.support.staff_audit import assert_recorded, last_event

TENANTS = "/api/tenants"


@pytest.mark.parametrize("label", ["", "www", "admin"])
def test_correct_password_issues_token(site: Site, new_staff, label: str) -> None:
    staff = new_staff(is_superuser=True)

    answer = log_in_to_api(site.host(label), staff.email.upper())

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "user"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 8 * 3600)
    assert body["user"]["id"] == str(staff.pk)
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    for host in ("", "www", "api", "admin"):
        asked = site.host(host).with_token(body["access_token"]).get(TENANTS)
        assert asked.status_code == 200, host
    assert_recorded("staff.logged_in", by=staff)
    assert_recorded("staff.token_issued", by=staff)


def test_rehash_at_login_keeps_concurrently_set_password(
    new_staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff, another = new_staff(), "another fine secret 77"
    seen = StaffUser.objects.get(pk=staff.pk)
    StaffUser.objects.filter(pk=staff.pk).update(password=make_password(another))
    monkeypatch.setattr(hashers.PepperedArgon2, "must_update", lambda *_: True)

    assert seen.check_password(PASSWORD)

    monkeypatch.undo()
    kept = StaffUser.objects.get(pk=staff.pk)
    assert kept.check_password(another)
    assert not kept.check_password(PASSWORD)


def test_token_is_stored_as_hash(site: Site, new_staff) -> None:
    staff = new_staff()

    token = log_in_to_api(site.host(), staff.email).json()["access_token"]

    [row] = StaffToken.objects.filter(staff=staff)
    assert token.startswith("ags_")
    assert len(bytes(row.hash)) == 32
    assert not any(token[4:] in str(value) for value in vars(row).values())


def test_login_failures_are_indistinguishable(site: Site, new_staff) -> None:
    staff, gone = new_staff(), new_staff()
    StaffUser.objects.filter(pk=gone.pk).update(is_active=False)
    attempts = [
        (staff.email, "wrong horse"),
        ("nobody@aggios.test", PASSWORD),
        (gone.email, PASSWORD),
    ]

    answers = [log_in_to_api(site.host(), *attempt) for attempt in attempts]

    assert {answer.status_code for answer in answers} == {401}
    bodies = [{**answer.json(), "request_id": ""} for answer in answers]
    assert bodies[0]["code"] == "invalid_credentials"
    assert bodies == [bodies[0]] * 3
    assert len({frozenset(answer.headers) for answer in answers}) == 1
    assert last_event("staff.login_refused", target_label=gone.email).actor_type == "anonymous"


def test_api_and_admin_attempts_share_limits(site: Site, new_staff) -> None:
    staff = new_staff()

    first = [log_in_to_api(site.host(), staff.email, "wrong horse").status_code for _ in range(5)]
    answer = log_in_to_api(site.host("admin"), staff.email)

    assert first == [401] * 5
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": "a@b.test"}, "password"),
        ({"email": "a\x00b", "password": "x"}, "email"),
        ({"email": ["a"], "password": "x"}, "email"),
        ([], "non_field_errors"),
    ],
)
def test_invalid_body_is_refused(site: Site, body, field: str) -> None:
    answer = site.host().post("/api/auth/login", body)

    assert answer.status_code == 400
    assert field in {fault["field"] for fault in answer.json()["errors"]}


def test_tenant_user_cannot_log_in_as_staff(site: Site, acme: Agency) -> None:
    answer = log_in_to_api(site.host(), acme.owner.email)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


def test_staff_user_cannot_log_in_to_tenant(site: Site, acme: Agency, new_staff) -> None:
    staff = new_staff(is_superuser=True)

    assert log_in_to_api(acme.host, staff.email).status_code == 401
    assert log_in_to_api(site.host("api"), staff.email).json()["code"] == "validation_failed"


def test_lone_surrogate_in_address_is_refused(site: Site) -> None:
    body = b'{"email": "\\ud800", "password": "x"}'

    answer = site.host().request(
        "POST", "/api/auth/login", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 400


@pytest.mark.parametrize("letter", ["\u017f", "S"])
def test_other_spelling_gives_no_more_attempts(site: Site, new_staff, letter: str) -> None:
    staff = new_staff(email=f"s{secrets.token_hex(5)}@aggios.test")
    for _ in range(5):
        log_in_to_api(site.host(), staff.email, "wrong horse")

    answer = log_in_to_api(site.host(), letter + staff.email[1:])

    assert answer.status_code == (429 if letter == "S" else 401)


def test_concurrently_changed_password_issues_no_token(new_staff) -> None:
    seen = new_staff()
    changed = StaffUser.objects.get(pk=seen.pk)
    changed.set_password("quite another battery")
    changed.save()

    with pytest.raises(InvalidCredentials):
        issue_token(seen, lifetime=timedelta(hours=1), actor=SYSTEM)

    assert not StaffToken.objects.filter(staff=seen).exists()


def test_log_in_with_factor_requires_code(site: Site, new_staff) -> None:
    staff = new_staff(is_superuser=True)
    before = log_in_to_api(site.host(), staff.email).json()["access_token"]
    start_enrolment(staff)
    app = AuthenticatorApp(unconfirmed_secret(staff))
    recovery = confirm_factor(staff, app.code(-1))
    code = app.code()
    body = {"email": staff.email, "password": PASSWORD}

    def answer(**fields: str) -> tuple[int, str]:
        got = site.host().post("/api/auth/login", {**body, **fields})
        return got.status_code, got.json().get("code", "")

    assert answer() == (401, "second_factor_required")
    assert answer(password="wrong horse", code=code) == (401, "invalid_credentials")
    assert answer(code=code) == (200, "")
    assert answer(code=code) == (401, "invalid_credentials")
    assert answer(code=recovery[0]) == (200, "")
    assert site.host().with_token(before).get(TENANTS).status_code == 401


@pytest.mark.parametrize("place", ["/api/auth/login", "/admin/login/"])
def test_full_hash_pool_refunds_the_attempt(
    new_staff, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    staff, address = new_staff(), random_address()
    full = PasswordHashPool(concurrency=1, capacity=0, timeout=1)

    def log_in_here(password: str) -> int:
        body = {"email": staff.email, "username": staff.email, "password": password}
        sent = {"host": f"admin.{BASE_DOMAIN}", "x-forwarded-for": address}
        client = Client(raise_request_exception=False)
        if place.startswith("/api"):
            del body["username"]
            return client.post(place, body, "application/json", headers=sent).status_code
        return client.post(place, body, headers=sent).status_code

    with monkeypatch.context() as busy:
        busy.setattr(hashers, "hash_pool", lambda: full)
        put_off = [log_in_here(PASSWORD) for _ in range(6)]

    assert put_off == [503] * 6
    tried = [log_in_here("wrong horse") for _ in range(6)]
    assert tried[-1] == 429
    assert set(tried[:5]) <= {200, 401}
