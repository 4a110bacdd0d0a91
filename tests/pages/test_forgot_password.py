"""The page that mails a link for a new password: the same answer for every address."""

from collections.abc import Callable

import pytest

from accounts.models import User
from tenants.context import tenant_context
from tests.support.browser import Browser
from tests.support.factories import Agency, add_member
from tests.support.http_client import PASSWORD, Site
from tests.support.mail.outbox import audit_events, email_links, update_user_row
from tests.support.mailbox import Mailbox
from tests.support.pages.responses import comparable, page_client

pytestmark = pytest.mark.usefixtures("fresh_limits")

FORGOT = "/password/forgot"


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency()


def path_of(link: str) -> str:
    return "/" + link.partition("//")[2].partition("/")[2]


def test_log_in_page_leads_to_a_new_password(site: Site, agency: Agency, mailbox: Mailbox):
    browser, fresh = Browser(site, agency.slug), "another long passphrase"
    assert f'href="{FORGOT}"' in browser.get("/login").text

    asked = browser.submit(FORGOT, {"email": f" {agency.owner.email.upper()} "})
    page = browser.follow(asked)
    mail = mailbox.wait_for(agency.owner.email, subject="Set a new password")
    done = browser.submit(path_of(mail.link), {"token": mail.token, "password": fresh})
    entered = browser.submit("/login", {"email": agency.owner.email, "password": fresh})

    assert asked.status_code == 303
    assert "Look into your mailbox" in page.text
    assert done.headers["location"] == "/login?notice=password_set"
    assert entered.status_code == 303
    assert len(audit_events(agency, "password.reset_requested")) == 1
    assert len(audit_events(agency, "password.reset")) == 1


def test_known_unknown_and_inactive_addresses_look_the_same(
    site: Site, agency: Agency, mailbox: Mailbox
):
    inactive = add_member(agency, f"ben@{agency.slug}.test")
    update_user_row(agency, inactive.email, is_active=False)
    people = [agency.owner.email, inactive.email, f"nobody@{agency.slug}.test", "no address"]

    found = []
    for email in people:
        browser = Browser(site, agency.slug)
        answer = browser.submit(FORGOT, {"email": email})
        found.append((comparable(answer), comparable(browser.follow(answer))))

    assert found[1:] == found[:1] * 3
    assert found[0][0][0] == 303
    mailbox.wait_for(agency.owner.email, subject="Set a new password")
    assert len(email_links(agency, purpose="reset")) == 1


def test_email_is_in_the_language_of_the_user(site: Site, agency: Agency, mailbox: Mailbox):
    person = add_member(agency, f"nia@{agency.slug}.test")
    update_user_row(agency, person.email, language="pt-br")

    Browser(site, agency.slug, language="en").submit(FORGOT, {"email": person.email})

    assert mailbox.wait_for(person.email, subject="Defina uma nova senha")


def test_email_to_a_user_without_a_language_is_in_that_of_the_page(
    site: Site, agency: Agency, mailbox: Mailbox
):
    browser = Browser(site, agency.slug, language="en")
    browser.get("/login?lang=pt-br")

    browser.submit(FORGOT, {"email": agency.owner.email})

    assert mailbox.wait_for(agency.owner.email, subject="Defina uma nova senha")


def test_limit_is_shown_with_the_time_to_wait(settings, agency: Agency):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "forgot_account": "2/3600"}
    client = page_client(agency)

    answers = [client.post(FORGOT, {"email": "nobody@x.test"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert "Try again in 60 minutes." in answers[-1].text
    assert int(answers[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize(("language", "said"), [("en", "required"), ("pt-BR", "obrigatório")])
def test_empty_address_is_named_at_its_field(site: Site, acme: Agency, language: str, said: str):
    answer = Browser(site, "acme", language=language).submit(FORGOT, {"email": " "})

    assert answer.status_code == 400
    assert said in answer.text


def test_forged_form_sends_nothing(site: Site, agency: Agency):
    fields = {"email": agency.owner.email}

    assert Browser(site, agency.slug).post(FORGOT, fields).status_code == 403
    cross_site = {"Sec-Fetch-Site": "cross-site"}
    answer = Browser(site, agency.slug).submit(FORGOT, fields, headers=cross_site)
    assert answer.status_code == 403
    assert email_links(agency, purpose="reset") == []


def test_password_of_another_user_must_be_changed_first(
    site: Site, agency: Agency, mailbox: Mailbox
):
    """A reset replaces the password that an administrator has chosen."""
    person = add_member(agency, f"kim@{agency.slug}.test")
    update_user_row(agency, person.email, password_change_required=True)
    browser = Browser(site, agency.slug)
    browser.submit(FORGOT, {"email": person.email})
    mail = mailbox.wait_for(person.email, subject="Set a new password")

    same = browser.submit(path_of(mail.link), {"token": mail.token, "password": PASSWORD})
    other = browser.submit(
        path_of(mail.link), {"token": mail.token, "password": "a wholly new one"}
    )

    assert (same.status_code, other.status_code) == (400, 303)
    with tenant_context(agency.ref):
        assert not User.objects.get(pk=person.id).password_change_required
