"""The list of invitations: sent again, replaced, revoked."""

import re

import pytest

from tests.support.accounts.invitations import (
    open_invitations,
    post_invitation,
    register_with_token,
    update_invitation_row,
)
from tests.support.accounts.users import user_with_session
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.page_forms import browser_of, send, submit


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return browser_of(site, agency, agency.owner)


def invitation_id(agency: Agency, **fields: object) -> str:
    return str(post_invitation(agency, **fields)["id"])  # type: ignore[arg-type]


def test_invitation_is_sent_again_with_a_new_link(agency: Agency, browser: Browser):
    found = invitation_id(agency, email="again@people.test")

    done = submit(browser, f"/people/invitations/{found}/resend")

    assert done.headers["location"] == "/people/invitations?notice=resent"
    assert agency.owner.at.get("/api/audit?action=invitation.resent").json()["results"]


def test_link_is_replaced_by_a_new_one(agency: Agency, browser: Browser):
    found = post_invitation(agency, max_uses=5)

    made = submit(browser, f"/people/invitations/{found['id']}/resend")

    address = re.search(r"/join\?token=([^\"]+)\"", made.text)
    assert address
    assert address[1] != found["token"]
    former = register_with_token(agency, found["token"], "former@people.test")
    assert former.status_code == 403


def test_invitation_is_revoked(agency: Agency, browser: Browser):
    found = invitation_id(agency, email="void@people.test")

    done = submit(browser, f"/people/invitations/{found}/revoke")

    assert done.headers["location"] == "/people/invitations?notice=revoked"
    assert open_invitations(agency) == {}
    assert browser.get(f"/people/invitations/{found}/revoke").status_code == 409
    assert browser.get(f"/people/invitations/{found}/resend").status_code == 409


@pytest.mark.parametrize("name", ["resend", "revoke"])
def test_invitation_that_was_resent_since_is_a_conflict(
    agency: Agency, browser: Browser, name: str
):
    found = invitation_id(agency, email="both@people.test")
    path = f"/people/invitations/{found}/{name}"
    page = browser.get(path)
    agency.owner.at.post(f"/api/invitations/{found}/resend")

    refused = send(browser, page, path)

    assert refused.status_code == 412
    assert open_invitations(agency) == {"both@people.test": "member"}


def test_invitation_of_an_owner_is_out_of_reach_of_an_administrator(site: Site, agency: Agency):
    found = invitation_id(agency, email="boss@people.test", role="owner")
    browser = browser_of(site, agency, user_with_session(agency, "admin"))

    assert f"{found}/re" not in browser.get("/people/invitations").text
    for name in ("resend", "revoke"):
        assert browser.get(f"/people/invitations/{found}/{name}").status_code == 403
    assert open_invitations(agency) == {"boss@people.test": "owner"}


@pytest.mark.parametrize("state", ["pending", "accepted", "expired", "revoked", "all"])
def test_invitations_are_shown_by_state(agency: Agency, browser: Browser, state: str):
    post_invitation(agency, "one@people.test")

    page = browser.get(f"/people/invitations?state={state}")

    assert page.status_code == 200
    assert ("one@people.test" in page.text) == (state in {"pending", "all"})


def test_invitation_of_the_platform_says_so(agency: Agency, browser: Browser):
    found = post_invitation(agency, "by.staff@people.test")
    update_invitation_row(agency, found, invited_by=None)

    listed = browser.get("/people/invitations")
    asked = browser.get(f"/people/invitations/{found['id']}/resend")

    assert "Platform staff" in listed.text
    assert "Platform staff" in asked.text


def test_unknown_state_is_refused_as_a_page(browser: Browser):
    assert browser.get("/people/invitations?state=x").status_code == 400
