"""dash.: the list of workspaces that is mailed to an address, if it is a user anywhere."""

import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.email.tenant_lists import request_tenant_list
from accounts.models import User
from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from devstack.testing import TestStack
from tenants.context import tenant_context
from tenants.lifecycle import suspend_tenant
from tenants.models import TenantListRequest
from tests.mail.test_deliver_mail_command import COMMAND, ROOT, environment
from tests.support.browser import Browser
from tests.support.factories import Agency, add_member
from tests.support.http_client import Site
from tests.support.mail.smtp_server import SmtpServer
from tests.support.mailbox import Mail, Mailbox

CHANGING_HEADERS = {"date", "x-request-id", "ratelimit"}
PATH = "/find"


@pytest.fixture(autouse=True)
def _no_waiting_requests(no_mailer: None) -> Iterator[None]:
    yield
    with use_scope(PUBLIC):
        TenantListRequest.objects.all().delete()


def ask(site: Site, address: str, language: str = "en"):
    browser = Browser(site, "dash", language=language)
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/").text)
    assert found
    return browser.post(PATH, {"csrfmiddlewaretoken": found[1], "email": address})


def lists_to(sent: SmtpServer | Mailbox, address: str) -> list[Mail]:
    mails = sent.to(address) if isinstance(sent, SmtpServer) else sent.all_to(address)
    return [mail for mail in mails if "Your workspaces" in mail.subject]


def waiting() -> list[str]:
    with use_scope(PUBLIC):
        return sorted(TenantListRequest.objects.values_list("recipient", flat=True))


def test_list_names_every_workspace_of_the_address_and_no_other(
    site: Site,
    new_agency: Callable[..., Agency],
    deliver: Callable[[], str],
    smtp_server: SmtpServer,
) -> None:
    north, south, other = (new_agency(company=f"Agency {n}") for n in ("North", "South", "Other"))
    address = f"mia@{north.slug}.test"
    for agency in (north, south):
        add_member(agency, address)

    answer = ask(site, address)
    deliver()

    assert answer.status_code == 200
    [mail] = lists_to(smtp_server, address)
    for agency, name in ((north, "Agency North"), (south, "Agency South")):
        for text in (mail.text, mail.html):
            assert f"http://{agency.slug}.aggios.localhost:{site.port}" in text
        assert f'"{name}"' in mail.text
    assert other.slug not in mail.text
    assert "token" not in mail.text
    assert waiting() == []


def test_answer_is_the_same_for_known_and_unknown_addresses(
    site: Site, agency: Agency, deliver: Callable[[], str], smtp_server: SmtpServer
) -> None:
    unknown = f"unknown@{agency.slug}.test"

    answers = [ask(site, agency.owner.email), ask(site, unknown)]
    stored = waiting()
    deliver()

    known, other = (
        (answer.status_code, answer.text, headers_of(answer.headers)) for answer in answers
    )
    assert known == other
    assert stored == sorted([agency.owner.email, unknown])
    assert len(lists_to(smtp_server, agency.owner.email)) == 1
    assert smtp_server.to(unknown) == []
    assert waiting() == []


def headers_of(headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in CHANGING_HEADERS}


def test_request_reads_no_tenant_and_sends_the_same_statements(agency: Agency) -> None:
    sent = []
    with use_scope(PUBLIC):
        for address in (agency.owner.email, "unknown@nowhere.test"):
            TenantListRequest.objects.exists()
            with CaptureQueriesContext(connection) as captured:
                request_tenant_list(address)
            statements = [query["sql"].split(" VALUES")[0] for query in captured]
            sent.append([re.sub(r"s\d+_x\d+", "s", statement) for statement in statements])

    assert sent[0] == sent[1]
    assert "accounts_user" not in str(sent)


def test_mailer_of_the_site_writes_the_list_to_its_folder(
    site: Site, agency: Agency, stores: TestStack
) -> None:
    ask(site, agency.owner.email)

    subprocess.run([*COMMAND, "--once"], cwd=ROOT, env=environment(), check=True)

    mailbox = Mailbox(stores.home.path / "mail")
    assert len(lists_to(mailbox, agency.owner.email)) == 1


def test_list_leaves_out_inactive_removed_and_suspended(
    site: Site,
    new_agency: Callable[..., Agency],
    deliver: Callable[[], str],
    smtp_server: SmtpServer,
) -> None:
    active, inactive, removed, suspended = (new_agency() for _ in range(4))
    address = f"ivo@{active.slug}.test"
    for agency in (active, inactive, removed, suspended):
        add_member(agency, address)
    for agency, changed in (
        (inactive, {"is_active": False}),
        (removed, {"removed_at": timezone.now()}),
    ):
        with tenant_context(agency.ref):
            User.objects.filter(email=address).update(**changed)
    suspend_tenant(suspended.ref.id, actor=SYSTEM, reason="unpaid")

    ask(site, address)
    deliver()

    [mail] = lists_to(smtp_server, address)
    assert active.slug in mail.text
    for agency in (inactive, removed, suspended):
        assert agency.slug not in mail.text


def test_every_spelling_of_an_address_finds_the_user(
    site: Site, agency: Agency, deliver: Callable[[], str], smtp_server: SmtpServer
) -> None:
    address = f"ulla@xn--bcher-kva.{agency.slug}.test"
    add_member(agency, address)

    ask(site, f"  ULLA@Bücher.{agency.slug}.test ")
    deliver()

    assert len(lists_to(smtp_server, address)) == 1


def test_name_that_looks_like_a_link_is_not_in_the_list(
    site: Site,
    new_agency: Callable[..., Agency],
    deliver: Callable[[], str],
    smtp_server: SmtpServer,
) -> None:
    agency = new_agency(company="Pay at evil.example now")

    ask(site, agency.owner.email)
    deliver()

    [mail] = lists_to(smtp_server, agency.owner.email)
    assert "evil.example" not in mail.text + mail.html + mail.subject


def test_list_is_in_the_language_of_the_request(
    site: Site, agency: Agency, deliver: Callable[[], str], smtp_server: SmtpServer
) -> None:
    answer = ask(site, agency.owner.email, language="pt-BR")
    deliver()

    assert '<html lang="pt-br">' in answer.text
    mails = smtp_server.to(agency.owner.email)
    assert "Seus espaços de trabalho no Aggios" in [mail.subject for mail in mails]


def test_concurrent_requests_for_an_address_send_one_list(
    site: Site, agency: Agency, deliver: Callable[[], str], smtp_server: SmtpServer
) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(site, agency.owner.email), range(4)))
    deliver()

    assert {answer.status_code for answer in answers} == {200}
    assert len(lists_to(smtp_server, agency.owner.email)) == 1


def test_address_gets_three_lists_an_hour_and_no_request_shows_it(
    site: Site, agency: Agency, deliver: Callable[[], str], smtp_server: SmtpServer, settings
) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "mail": "3/3600"}
    answers = []
    for _ in range(4):
        answers.append(ask(site, agency.owner.email))
        deliver()

    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert len(lists_to(smtp_server, agency.owner.email)) == 3


def test_client_is_limited(site: Site, no_mailer: None) -> None:
    answers = [ask(site, f"u{number}@limits.test") for number in range(11)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[-1].headers["retry-after"]
    assert 'role="alert"' in answers[-1].text
    assert "u10@limits.test" not in waiting()


def test_list_is_sent_later_when_the_mail_server_is_down(
    site: Site, agency: Agency, deliver: Callable[[], str], smtp_server: SmtpServer, settings
) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    ask(site, agency.owner.email)
    deliver()
    kept = waiting()
    with use_scope(PUBLIC):
        TenantListRequest.objects.update(due_at=timezone.now())
    settings.EMAIL_PORT = port

    deliver()

    assert kept == [agency.owner.email]
    assert waiting() == []


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "no-address",
        '"><script>alert(1)</script>@x.test',
        "a@b",
        "x" * 5000,
        "a@b.test\nBcc: c@d.test",
    ],
)
def test_invalid_address_is_refused_and_shown_as_text(site: Site, typed: str) -> None:
    answer = ask(site, typed)

    assert answer.status_code == 400
    assert "<script>alert" not in answer.text
    assert 'role="alert"' in answer.text
    assert waiting() == []


def test_form_without_token_is_refused(site: Site) -> None:
    answer = Browser(site, "dash").post(PATH, {"email": "ada@acme.test"})

    assert answer.status_code == 403
    assert waiting() == []


def test_get_shows_the_forms(site: Site) -> None:
    answer = Browser(site, "dash").get(PATH)

    assert answer.status_code == 200
    assert 'name="email"' in answer.text
