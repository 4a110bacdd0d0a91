"""A password reset reveals no account."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.factories import Agency, add_member
from tests.support.mail.outbox import (
    audit_events,
    email_links,
    empty_outbox,
    queued_emails,
    update_user_row,
)
from tests.support.mail.smtp_server import SmtpServer

FORGOT = "/api/auth/password/forgot"
OF_EACH = {"date", "x-request-id"}


@pytest.fixture
def agency(no_mailer: None, new_agency: Callable[..., Agency]) -> Iterator[Agency]:
    """An agency with an owner, and Ben, who is inactive."""
    agency = new_agency()
    add_member(agency, f"ben@{agency.slug}.test")
    update_user_row(agency, f"ben@{agency.slug}.test", is_active=False)
    yield agency
    empty_outbox(agency)


def seen(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: v for name, v in answer.headers.items() if name not in OF_EACH}
    return answer.status_code, answer.content, headers


def test_known_unknown_and_inactive_are_indistinguishable(
    agency: Agency, smtp_server: SmtpServer, deliver
):
    people = [agency.owner.email, f"ben@{agency.slug}.test", f"nobody@{agency.slug}.test"]
    before = len(queued_emails(agency))

    answers = []
    for n, email in enumerate(people):
        # Each as if from a place of its own, so that the address's limit stands at the same number.
        sent = {"X-Request-ID": f"forgot-000{n}"}
        answers.append(seen(agency.host.post(FORGOT, {"email": email}, headers=sent)))

    assert answers[0][:2] == (204, b"")
    remaining = [a[2].pop("ratelimit") for a in answers]
    assert answers[0] == answers[1] == answers[2]
    assert [r.split(", ")[1:] for r in remaining] == [remaining[0].split(", ")[1:]] * 3
    posted = queued_emails(agency)[before:]
    assert [(p.kind, p.language, set(p.data)) for p in posted] == [
        ("password_reset", "en", {"asked"})
    ] * 3
    assert [p.recipient for p in posted] == people

    deliver()

    assert [len(smtp_server.to(email)) for email in people] == [
        2,
        0,
        0,
    ]  # the first: to verify, too
    assert len(email_links(agency, purpose="reset")) == 1
    assert len(audit_events(agency, "password.reset_requested")) == 1


def test_address_ignores_case(agency: Agency, smtp_server: SmtpServer, deliver):
    agency.host.post(FORGOT, {"email": f"  {agency.owner.email.upper()} "})

    deliver()

    subjects = [mail.subject for mail in smtp_server.to(agency.owner.email)]
    assert any(subject.startswith("Set a new password") for subject in subjects)


# Each of these capitals becomes two characters without its case.
GROWS = "a@" + ".".join(["\u0130" * 60] * 3) + ".test"


@pytest.mark.parametrize("email", ["nobody", "a@b", '"odd"@b.test', f"a@{'b' * 64}.test", GROWS])
def test_forgot_with_an_impossible_address_looks_like_an_unknown_one(
    agency: Agency, smtp_server: SmtpServer, deliver, email: str
):
    before = len(queued_emails(agency))
    unknown = f"nobody@{agency.slug}.test"
    sent = {"X-Request-ID": "forgot-impossible"}

    answers = [
        seen(agency.host.post(FORGOT, {"email": one}, headers=sent)) for one in (email, unknown)
    ]

    remaining = [answer[2].pop("ratelimit").split(", ")[1:] for answer in answers]
    assert answers[0][:2] == (204, b"")
    assert answers[0] == answers[1]
    assert remaining[0] == remaining[1]
    assert [p.kind for p in queued_emails(agency)[before:]] == ["password_reset"] * 2

    deliver()

    assert queued_emails(agency) == []
    assert [mail.is_for(agency.owner.email) for mail in smtp_server.taken] == [True]  # to verify


@pytest.mark.parametrize("email", ["", f"{'a' * 250}@b.test"])
def test_forgot_with_an_address_of_impossible_length_is_refused(agency: Agency, email: str):
    before = len(queued_emails(agency))

    answer = agency.host.post(FORGOT, {"email": email})

    assert answer.status_code == 400
    assert len(queued_emails(agency)) == before
