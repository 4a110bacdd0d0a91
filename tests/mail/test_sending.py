"""From the outbox to a mail server: what is sent, what is refused, what is tried again."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from accounts.mail.outbox import post_letter
from accounts.mail.rounds import sweep
from accounts.models import Letter, User
from audit.services import SYSTEM
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import resume_tenant, suspend_tenant
from tests.cast import Agency
from tests.mail.postman import LOG_IN, Postman, certificate, log_in, serving
from tests.mail.trail import events, letters

FORGOT = "/api/auth/password/forgot"


@pytest.fixture
def agency(no_mailer: None, new_agency: Callable[..., Agency]) -> Iterator[Agency]:
    """An agency whose outbox is empty, and is so again afterwards."""
    agency = new_agency()
    empty(agency)
    yield agency
    empty(agency)


def empty(agency: Agency) -> None:
    with tenant_context(agency.ref):
        Letter.objects.all().delete()


def forget(agency: Agency, email: str = "", **headers: str) -> None:
    answer = agency.host.post(FORGOT, {"email": email or agency.owner.email}, headers=headers)
    assert answer.status_code == 204


def due_again(agency: Agency) -> None:
    with tenant_context(agency.ref):
        Letter.objects.update(due_at=timezone.now())


def test_a_mail_as_it_arrives(agency: Agency, postman: Postman, deliver):
    forget(agency)

    assert deliver().startswith("1 letters")

    (mail,) = postman.to(agency.owner.email)
    assert mail.message["From"].addresses[0].addr_spec == "no-reply@aggios.localhost"
    assert postman.senders == ["no-reply@aggios.localhost"]
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message.get_content_type() == "multipart/alternative"
    assert mail.link.startswith(f"http://{agency.slug}.aggios.localhost:")
    assert mail.link in mail.html
    assert "src=" not in mail.html
    assert letters(agency) == []
    assert deliver().startswith("0 letters")
    assert len(postman.taken) == 1


def test_in_the_language_of_who_asked(agency: Agency, postman: Postman, deliver):
    forget(agency, **{"Accept-Language": "pt-BR,pt;q=0.9"})

    deliver()

    (mail,) = postman.taken
    assert mail.subject.startswith("Defina uma nova senha para ")
    assert "Ele vale uma única vez, por 1 hora." in mail.text
    assert 'lang="pt-br"' in mail.html
    assert mail.message["Content-Language"] == "pt-br"


def test_what_was_rolled_back_is_not_sent(agency: Agency, postman: Postman, deliver):
    with (
        pytest.raises(ZeroDivisionError),
        tenant_context(agency.ref),
        transaction.atomic(),
    ):
        post_letter("password_reset", to=agency.owner.email)
        raise ZeroDivisionError

    deliver()

    assert postman.taken == []


def test_a_server_that_is_busy_is_asked_again(agency: Agency, postman: Postman, deliver):
    forget(agency)
    postman.data = "451 Try again later"

    assert "1 put off" in deliver()

    (letter,) = letters(agency)
    assert letter.attempts == 1
    assert "451 Try again later" in letter.last_error
    assert timedelta(seconds=30) < letter.due_at - timezone.now() < timedelta(seconds=61)
    postman.data = ""
    deliver()
    assert postman.taken == [], "it is not due yet"
    due_again(agency)
    deliver()
    assert len(postman.taken) == 1
    assert letters(agency) == []


def test_each_wait_is_longer(agency: Agency, postman: Postman, deliver):
    forget(agency)
    postman.data = "451 Try again later"
    waits = []
    for _ in range(4):
        due_again(agency)
        deliver()
        waits.append(round((letters(agency)[0].due_at - timezone.now()).total_seconds() / 60))

    assert waits == [1, 2, 4, 8]


@pytest.mark.parametrize("refusal", ["rcpt", "data"])
def test_a_refusal_for_good_is_one(agency: Agency, postman: Postman, deliver, refusal: str):
    forget(agency)
    setattr(postman, refusal, "550 Nobody of that name")

    deliver()

    assert letters(agency) == []
    (given_up,) = events(agency, "mail.given_up")
    assert given_up.target_label == agency.owner.email
    assert given_up.details["attempts"] == 1
    assert "550 Nobody of that name" in given_up.details["error"]
    assert events(agency, "password.reset_requested") == []


def test_a_letter_that_is_too_old_is_given_up(agency: Agency, postman: Postman, deliver):
    forget(agency)
    postman.data = "451 Try again later"
    with tenant_context(agency.ref):
        Letter.objects.update(created_at=timezone.now() - timedelta(hours=73))

    deliver()

    assert letters(agency) == []
    assert len(events(agency, "mail.given_up")) == 1


def test_a_server_that_is_away_costs_one_attempt(agency: Agency, postman, settings, deliver):
    forget(agency)
    forget(agency, "somebody@else.test")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        settings.EMAIL_PORT = nobody.getsockname()[1]
    forget(agency)

    deliver()

    assert [letter.attempts for letter in letters(agency)] in ([1, 0, 0], [1, 1, 0])


def test_one_that_cannot_be_written_does_not_hold_up_the_others(agency, postman, deliver):
    with tenant_context(agency.ref):
        post_letter("of_no_kind", to=agency.owner.email)
    forget(agency)

    deliver()

    assert len(postman.taken) == 1
    (left,) = letters(agency)
    assert (left.kind, left.attempts) == ("of_no_kind", 1)


def test_over_tls_with_a_log_in(agency, postman, settings, deliver, tmp_path, monkeypatch):
    pem, context = certificate(tmp_path)
    options = {"authenticator": log_in, "auth_required": True, "require_starttls": True}
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = LOG_IN
    settings.EMAIL_USE_TLS = True
    with serving(postman, tls_context=context, **options) as port:
        settings.EMAIL_PORT = port
        forget(agency)

        deliver()
        assert "CERTIFICATE_VERIFY_FAILED" in letters(agency)[0].last_error
        assert postman.taken == [], "a server that cannot show who it is gets nothing"

        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        due_again(agency)
        deliver()
        assert len(postman.taken) == 1

        settings.EMAIL_HOST_PASSWORD = "wrong"
        forget(agency)
        deliver()
        assert letters(agency)[0].last_error.startswith("SMTPAuthenticationError: 535")
        assert events(agency, "mail.given_up") == []


def test_several_deliverers_send_each_letter_once(agency: Agency, postman: Postman):
    with tenant_context(agency.ref):
        for _ in range(12):
            post_letter("password_reset", to=agency.owner.email)

    def one(_: int) -> int:
        try:
            return sweep().dealt_with
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(one, range(3)))

    assert sum(done) == len(postman.taken) == 12
    assert len({mail.message["Message-ID"] for mail in postman.taken}) == 12


def test_nobodys_mailbox_is_flooded(agency: Agency, postman: Postman, settings, deliver):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "mail": "3/3600"}
    for _ in range(5):
        forget(agency)
    forget(agency, "cyn@globex.test")

    deliver()

    assert len(postman.to(agency.owner.email)) == 3
    assert letters(agency) == []


def test_a_suspended_workspace_sends_nothing(agency: Agency, postman: Postman, deliver):
    forget(agency)
    suspend_tenant(agency.ref.id, actor=SYSTEM, reason="Unpaid.")

    deliver()
    assert postman.taken == []
    assert len(letters(agency)) == 1

    resume_tenant(agency.ref.id, actor=SYSTEM)
    deliver()
    assert len(postman.taken) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Evil\r\nBcc: victim@x.test", None),
        ("Win money at https://evil.test/now", None),
        ("Pay\u202ePal", "PayPal"),
        ("Ágência Ünïted", "Ágência Ünïted"),
        ("N" * 120, "N" * 60),
    ],
)
def test_names_write_no_headers_and_no_links(
    agency: Agency, postman: Postman, deliver, name: str, shown: str | None
):
    Tenant.objects.filter(pk=agency.ref.id).update(name=name)
    forget(agency)

    deliver()

    (mail,) = postman.taken
    called = shown or f"{agency.slug}.aggios.localhost"
    assert mail.subject == f"Set a new password for {called}"
    assert mail.message["Bcc"] is None
    assert "evil.test" not in mail.text + mail.html
    assert called in mail.text


@pytest.mark.parametrize(
    "email",
    [
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.test",
        "o'neil+tag@some.test",
        "jo@münchen.test",
        '"odd"@some.test',
    ],
)
def test_addresses_of_every_form(agency: Agency, postman: Postman, deliver, email: str):
    with tenant_context(agency.ref):
        User.objects.filter(email=agency.owner.email).update(email=email)
    forget(agency, email)

    assert deliver() == "1 letters dealt with, 0 put off.\n"

    assert len(postman.taken) == 1
