"""The page for users who must verify their address before anything else."""

from collections.abc import Callable

import pytest

from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.mail.outbox import configure_tenant
from tests.support.mailbox import Mailbox
from tests.support.pages.responses import page_client

pytestmark = pytest.mark.usefixtures("fresh_limits")

PATH = "/email/unverified"


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    agency = new_agency()
    configure_tenant(agency, registration="closed", email_verification="required")
    return agency


def path_of(link: str) -> str:
    return "/" + link.partition("//")[2].partition("/")[2]


def test_unverified_user_is_led_to_the_page_and_on(site: Site, agency: Agency, mailbox: Mailbox):
    browser = logged_in(site, agency)

    led = browser.get("/")
    page = browser.follow(led)
    mail = mailbox.wait_for(agency.owner.email, subject="Verify")
    done = browser.submit(path_of(mail.link), {"token": mail.token})

    assert led.headers["location"] == f"{PATH}?next=%2F"
    assert agency.owner.email in page.text
    assert "before anything else" in page.text
    assert done.headers["location"] == "/?notice=verified"
    assert "Hello, Olga" in browser.follow(done).text
    assert browser.get(f"{PATH}?next=/logout").headers["location"] == "/logout"


def test_email_is_sent_again(site: Site, agency: Agency, mailbox: Mailbox):
    browser = logged_in(site, agency)

    answer = browser.submit(PATH, {"next": "/logout"})

    assert answer.status_code == 303
    assert answer.headers["location"] == f"{PATH}?notice=mailed&next=%2Flogout"
    assert "The e-mail is on its way." in browser.follow(answer).text
    assert mailbox.wait_for(agency.owner.email, subject="Verify", nth=2)


def test_limit_is_shown_with_the_time_to_wait(settings, site: Site, agency: Agency):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "verification": "2/600"}
    client = page_client(agency, logged_in(site, agency))

    answers = [client.post(PATH) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert "Try again in 10 minutes." in answers[-1].text


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_next_leads_only_to_own_pages(site: Site, agency: Agency, target: str):
    browser = logged_in(site, agency)

    sent = browser.submit(PATH, {"next": target})

    assert sent.headers["location"] == f"{PATH}?notice=mailed"
    shown = browser.get(f"{PATH}?next={target}").text.partition("<main")[2]
    assert 'name="next"' not in shown


def test_page_needs_a_log_in_and_a_csrf_token(site: Site, agency: Agency):
    refused = Browser(site, agency.slug).get(PATH)
    forged = logged_in(site, agency).post(PATH, {})

    assert refused.headers["location"] == "/login?next=%2Femail%2Funverified"
    assert forged.status_code == 403
