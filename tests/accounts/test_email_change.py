"""The own e-mail address: requested, told to the present one, confirmed at the new one."""

import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import MailLink, Session, User
from tenants.context import tenant_context
from tests.support.accounts.api_keys import new_api_key_text
from tests.support.accounts.invitations import audit_events
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.accounts.users import insert_user_row, user_row
from tests.support.browser import Browser
from tests.support.factories import Agency, Person, add_member
from tests.support.http_client import PASSWORD, Site
from tests.support.mail.outbox import wait_for_mail
from tests.support.mailbox import Mailbox

REQUEST = "/api/users/me/email"
CONFIRM = "/api/users/me/email/confirm"
NEW, NOTICE, CHANGED = "Confirm your new", "A new e-mail address was", "was changed"


def fresh_address() -> str:
    return f"n{secrets.token_hex(6)}@new.test"


@pytest.fixture
def member(agency: Agency) -> Person:
    """A member who has just logged in, with a verified address."""
    person = add_member(agency, f"m{secrets.token_hex(5)}@here.test")
    with tenant_context(agency.ref):
        User.objects.filter(pk=person.id).update(email_verified_at=timezone.now())
    return person


@pytest.fixture
def requested(member: Person, mailbox: Mailbox) -> Callable[..., tuple[str, str]]:
    """Request a new address and return it with its token: ``requested()``."""

    def make(person: Person = member, address: str = "") -> tuple[str, str]:
        address = address or fresh_address()
        answer = person.at.post(REQUEST, {"email": address})
        assert answer.status_code == 202, answer.text
        return address, mailbox.wait_for(address, subject=NEW).token

    return make


def confirm(agency: Agency, token: Any) -> Any:
    return agency.host.post(CONFIRM, {"token": token})


def pending(agency: Agency) -> list[MailLink]:
    with tenant_context(agency.ref):
        return list(MailLink.objects.filter(purpose="change", used_at=None))


def test_address_changes_when_the_token_is_confirmed(
    agency: Agency, member: Person, mailbox: Mailbox
):
    address = fresh_address()

    asked = member.at.post(REQUEST, {"email": address.upper()})
    mail = mailbox.wait_for(address, subject=NEW)
    notice = mailbox.wait_for(member.email, subject=NOTICE)
    before = user_row(agency, member.id).email
    confirmed = confirm(agency, mail.token)
    told = mailbox.wait_for(member.email, subject=CHANGED)

    assert (asked.status_code, asked.json()) == (202, {"confirmation": "mailed"})
    assert mail.link.startswith(f"http://{agency.slug}.")
    assert "/email/change?token=" in mail.link
    assert "ask for a new password" in notice.text
    assert (address in notice.text, mail.token in notice.text) == (False, False)
    assert before == member.email
    assert (confirmed.status_code, confirmed.json()) == (200, {"email": address})
    assert told.message["To"] == member.email
    row = user_row(agency, member.id)
    assert (row.email, row.email_verified_at is not None) == (address, True)
    [request] = audit_events(agency, "user.address_change_requested")
    [change] = audit_events(agency, "user.address_changed")
    assert {request.target_id, change.target_id, change.actor_id} == {member.id}
    assert change.details == {"confirmed": True}
    assert mail.token not in json.dumps([request.details, change.details])


def test_sessions_go_on_and_the_new_address_logs_in(agency: Agency, member: Person, requested):
    address, token = requested()
    confirm(agency, token)

    me = member.at.get("/api/users/me")
    old = agency.host.post("/api/auth/login", {"email": member.email, "password": PASSWORD})
    new = agency.host.post("/api/auth/login", {"email": address, "password": PASSWORD})

    assert (me.status_code, me.json()["email"]) == (200, address)
    assert status_and_code(old) == (401, "invalid_credentials")
    assert new.status_code == 200


def test_request_needs_a_recent_authentication(agency: Agency, member: Person):
    with tenant_context(agency.ref):
        Session.objects.filter(user=member.id).update(proved_at=timezone.now() - timedelta(days=1))

    refused = member.at.post(REQUEST, {"email": fresh_address()})
    by_key = agency.host.with_token(new_api_key_text(agency, agency.owner)).post(
        REQUEST, {"email": fresh_address()}
    )

    assert status_and_code(refused) == (403, "proof_required")
    assert status_and_code(by_key) == (403, "insufficient_scope")
    assert status_and_code(agency.host.post(REQUEST, {"email": "a@b.test"})) == (
        401,
        "not_authenticated",
    )
    assert pending(agency) == []
    assert audit_events(agency, "user.address_change_requested") == []


def test_taken_address_gets_the_same_answer_and_no_mail(
    agency: Agency, member: Person, mailbox: Mailbox
):
    taken, free = fresh_address(), fresh_address()
    insert_user_row(agency, email=taken)

    known = member.at.post(REQUEST, {"email": taken})
    wait_for_mail(agency)
    unknown = member.at.post(REQUEST, {"email": free})
    mailbox.wait_for(free, subject=NEW)

    for answer in (known, unknown):
        del answer.headers["X-Request-ID"], answer.headers["Date"]
        answer.headers.pop("RateLimit", None)
    assert (known.status_code, known.content, known.headers) == (
        unknown.status_code,
        unknown.content,
        unknown.headers,
    )
    assert mailbox.all_to(taken) == []
    assert len([m for m in mailbox.all_to(member.email) if NOTICE in m.subject]) == 2


def test_address_taken_since_the_request_is_refused_at_the_confirmation(
    agency: Agency, member: Person, requested
):
    address, token = requested()
    other = insert_user_row(agency, email=address)

    refused = confirm(agency, token)
    with tenant_context(agency.ref):
        User.objects.filter(pk=other).update(email=fresh_address())
    later = confirm(agency, token)

    assert status_and_code(refused) == (409, "email_taken")
    assert later.status_code == 200


def test_token_is_good_once(agency: Agency, member: Person, requested):
    _, token = requested()

    assert confirm(agency, token).status_code == 200
    assert status_and_code(confirm(agency, token)) == (400, "link_invalid")
    assert len(audit_events(agency, "user.address_changed")) == 1


def test_concurrent_confirmations_only_one_succeeds(agency: Agency, member: Person, requested):
    address, token = requested()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: confirm(agency, token).status_code, range(6)))

    assert sorted(answers) == [200] + [400] * 5
    assert user_row(agency, member.id).email == address
    assert len(audit_events(agency, "user.address_changed")) == 1


def test_concurrent_claims_of_one_address_only_one_succeeds(
    agency: Agency, member: Person, requested, mailbox: Mailbox
):
    other = add_member(agency, f"o{secrets.token_hex(5)}@here.test")
    address, first = requested()
    other.at.post(REQUEST, {"email": address})
    second = mailbox.wait_for(address, subject=NEW, nth=2).token

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda token: confirm(agency, token), (first, second)))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    with tenant_context(agency.ref):
        assert User.objects.filter(email=address).count() == 1


def test_new_request_replaces_the_former_one(agency: Agency, member: Person, requested):
    _, first = requested()
    address, second = requested()

    assert status_and_code(confirm(agency, first)) == (400, "link_invalid")
    assert confirm(agency, second).json() == {"email": address}


def change_password(agency: Agency, member: Person) -> None:
    body = {"current_password": PASSWORD, "password": "another battery staple 42"}
    assert member.at.post("/api/auth/password/change", body).status_code == 204


def readdress(agency: Agency, member: Person) -> None:
    body = {"email": fresh_address()}
    assert agency.owner.at.patch(f"/api/users/{member.id}", body).status_code == 200


def deactivate(agency: Agency, member: Person) -> None:
    body = {"is_active": False}
    assert agency.owner.at.patch(f"/api/users/{member.id}", body).status_code == 200


def remove(agency: Agency, member: Person) -> None:
    assert agency.owner.at.delete(f"/api/users/{member.id}").status_code == 204


def expire(agency: Agency, member: Person) -> None:
    with tenant_context(agency.ref):
        MailLink.objects.update(expires_at=timezone.now())


@pytest.mark.parametrize("happens", [change_password, readdress, deactivate, remove, expire])
def test_token_is_void_after_a_change_of_the_account(
    agency: Agency, member: Person, requested, happens: Callable[[Agency, Person], None]
):
    address, token = requested()
    happens(agency, member)

    assert status_and_code(confirm(agency, token)) == (400, "link_invalid")
    assert user_row(agency, member.id).email != address


def test_token_of_another_tenant_or_purpose_is_refused(
    agency: Agency, member: Person, requested, globex: Agency, mailbox: Mailbox, site: Site
):
    address, token = requested()
    reset = agency.host.post("/api/auth/password/forgot", {"email": member.email})
    reset_token = mailbox.wait_for(member.email, subject="Set a new password").token

    elsewhere = globex.host.post(CONFIRM, {"token": token})
    by_central = site.host("api").post(CONFIRM, {"token": token, "tenant": globex.slug})
    as_reset = agency.host.post(
        "/api/auth/password/reset", {"token": token, "password": "another battery staple 42"}
    )
    as_verification = agency.host.post("/api/auth/email/verify", {"token": token})

    assert reset.status_code == 204
    for answer in (elsewhere, by_central, as_reset, as_verification, confirm(agency, reset_token)):
        assert status_and_code(answer) == (400, "link_invalid")
    central = site.host("api").post(CONFIRM, {"token": token, "tenant": agency.slug})
    assert central.json() == {"email": address}


@pytest.mark.parametrize(
    "token",
    ["", "x", "A" * 43, "\u202e" * 43, "a\u0000b", "x" * 1_000_000, None, True, [], {}],
    ids=lambda token: repr(token)[:12],
)
def test_forged_token_is_refused(acme: Agency, token: Any):
    answer = confirm(acme, token)

    assert (answer.status_code, answer.json()["code"]) in {
        (400, "link_invalid"),
        (400, "validation_failed"),
    }


@pytest.mark.parametrize(
    "email",
    ["", "x", "a@b", "a@localhost", "x" * 1_000_000, "a\u0000@b.test", None, True, ["a@b.test"]],
    ids=lambda email: repr(email)[:12],
)
def test_invalid_address_is_refused_and_named(agency: Agency, member: Person, email: Any):
    answer = member.at.post(REQUEST, {"email": email})

    assert {field for field, _ in field_errors(answer)} == {"email"}
    assert pending(agency) == []


def test_own_and_reserved_addresses_are_refused(agency: Agency, member: Person):
    same = member.at.post(REQUEST, {"email": member.email.upper()})
    reserved = member.at.post(REQUEST, {"email": "removed-1@removed.invalid"})

    assert field_errors(same) == {("email", "same")}
    assert field_errors(reserved) == {("email", "invalid")}


def test_requests_of_one_user_are_limited(agency: Agency, member: Person):
    answers = [member.at.post(REQUEST, {"email": fresh_address()}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert status_and_code(answers[-1]) == (429, "rate_limited")
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_page_of_the_link_changes_the_address(
    agency: Agency, member: Person, requested, site: Site
):
    address, token = requested()
    browser = Browser(site, agency.slug, language="pt-BR")

    opened = browser.get(f"/email/change?token={token}")
    unchanged = user_row(agency, member.id).email
    done = browser.submit(f"/email/change?token={token}", {"token": token})
    again = browser.submit(f"/email/change?token={token}", {"token": token})

    assert (opened.status_code, unchanged) == (200, member.email)
    assert (done.status_code, again.status_code) == (200, 400)
    assert "foi alterado" in done.text
    assert user_row(agency, member.id).email == address


def test_mails_are_in_the_language_of_the_user(agency: Agency, member: Person, mailbox: Mailbox):
    member.at.patch("/api/users/me", {"language": "pt-br"})
    address = fresh_address()

    member.at.post(REQUEST, {"email": address}, headers={"Accept-Language": "en"})
    new = mailbox.wait_for(address)
    notice = mailbox.wait_for(member.email)

    assert new.subject.startswith("Confirme seu novo endereço")
    assert notice.subject.startswith("Foi pedido um novo endereço")
    assert {new.message["Content-Language"], notice.message["Content-Language"]} == {"pt-br"}
