"""Inviting one person, or people by a link."""

import re
import secrets

import pytest

from tests.support.accounts.invitations import (
    open_invitations,
    register_with_token,
)
from tests.support.accounts.users import user_with_session
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.mailbox import Mailbox
from tests.support.page_forms import browser_of, submit

pytestmark = pytest.mark.usefixtures("fresh_limits")


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return browser_of(site, agency, agency.owner)


def test_one_person_is_invited_by_mail(agency: Agency, browser: Browser, mailbox: Mailbox):
    email = f"{secrets.token_hex(6)}@people.test"

    done = submit(browser, "/people/invite", {"email": email.upper(), "role": "member"})

    assert done.headers["location"] == "/people/invitations?notice=invited"
    assert email in browser.follow(done).text
    token = mailbox.wait_for(email).token
    assert register_with_token(agency, token, email).status_code == 201


@pytest.mark.parametrize("email", ["", "x", "<script>alert(1)</script>@x.test", "a@localhost"])
def test_invalid_address_is_not_invited(agency: Agency, browser: Browser, email: str):
    refused = submit(browser, "/people/invite", {"email": email, "role": "member"})

    assert refused.status_code == 400
    assert 'id="id_email_error"' in refused.text
    assert "<script>alert" not in refused.text
    assert open_invitations(agency) == {}


def test_role_above_the_own_is_not_offered_and_refused(site: Site, agency: Agency):
    browser = browser_of(site, agency, user_with_session(agency, "admin"))

    for path in ("/people/invite", "/people/invite/many", "/people/invite/link"):
        assert 'value="owner"' not in browser.get(path).text
        fields = {"email": "x@people.test", "addresses": "x@people.test", "max_uses": "5"}
        assert submit(browser, path, {**fields, "role": "owner"}).status_code == 400
    assert open_invitations(agency) == {}


def test_inviting_an_administrator_asks_again_and_keeps_the_form(site: Site, agency: Agency):
    owner = user_with_session(agency, "owner", proved_days_ago=1)
    browser = browser_of(site, agency, owner)

    asked = submit(browser, "/people/invite", {"email": "x@people.test", "role": "admin"})

    assert asked.status_code == 303
    assert asked.headers["location"] == (
        "/reauthenticate?next=%2Fpeople%2Finvite%3Femail%3Dx%2540people.test%26role%3Dadmin"
    )
    kept = browser.get("/people/invite?email=x%40people.test&role=admin").text
    assert 'value="x@people.test"' in kept
    assert '<option value="admin" selected>' in kept
    assert open_invitations(agency) == {}


def test_link_is_shown_once_and_admits_people(agency: Agency, browser: Browser):
    made = submit(browser, "/people/invite/link", {"role": "member", "max_uses": "2"})

    address = re.search(r'value="(http[^"]+/join\?token=([^"]+))"', made.text)
    assert address
    assert "no-store" in made.headers["cache-control"]
    assert address[2] not in browser.get("/people/invitations").text
    joined = register_with_token(agency, address[2], f"{secrets.token_hex(6)}@people.test")
    assert joined.status_code in {201, 202}


@pytest.mark.parametrize("uses", ["", "1", "0", "-5", "1001", "x", "2.5"])
def test_number_of_uses_is_checked(agency: Agency, browser: Browser, uses: str):
    refused = submit(browser, "/people/invite/link", {"role": "member", "max_uses": uses})

    assert refused.status_code == 400
    assert open_invitations(agency) == {}
