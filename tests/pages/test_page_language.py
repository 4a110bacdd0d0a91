"""The language and the time zone of a workspace's pages: who and what decides."""

from collections.abc import Callable

import pytest

from files.models import File
from tenants.context import tenant_context
from tests.support.browser import TOKEN, Browser, logged_in
from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site
from tests.support.mail.outbox import (
    audit_events,
    configure_tenant,
    update_user_row,
    user_with_email,
)

pytestmark = pytest.mark.usefixtures("fresh_limits")


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency()


def language_of(browser: Browser, path: str = "/") -> str:
    return browser.get(path).headers["content-language"]


def test_parameter_wins_over_the_language_of_the_user(site: Site, agency: Agency):
    browser = logged_in(site, agency)
    update_user_row(agency, agency.owner.email, language="pt-br")

    assert language_of(browser) == "pt-br"
    assert language_of(browser, "/?lang=en") == "en"
    # The cookie that the parameter sets comes after the choice of the user.
    assert language_of(browser) == "pt-br"


def test_language_of_the_user_wins_over_cookie_and_header(site: Site, agency: Agency):
    browser = logged_in(site, agency, language="en")
    browser.get("/?lang=en")
    update_user_row(agency, agency.owner.email, language="pt-br")

    for path in ("/", "/nothing", "/reauthenticate"):
        assert language_of(browser, path) == "pt-br"


def test_cookie_wins_over_the_header(site: Site, agency: Agency):
    browser = Browser(site, agency.slug, language="en")
    browser.get("/login?lang=pt-br")

    assert language_of(browser) == "pt-br"
    browser.client.cookies.set("aggios_language", "xx")
    assert language_of(browser) == "en"


def test_header_wins_over_the_default_of_the_workspace(site: Site, agency: Agency):
    configure_tenant(agency, registration="closed", language="pt-br")

    assert language_of(Browser(site, agency.slug, language="en-GB,en;q=0.8")) == "en"
    assert language_of(logged_in(site, agency, language="en")) == "en"


@pytest.mark.parametrize("language", ["", "de", "*", "xx;q=0.5, yy", "x" * 600])
def test_default_of_the_workspace_counts_without_a_known_language(
    site: Site, agency: Agency, language: str
):
    assert language_of(Browser(site, agency.slug, language=language)) == "en"
    configure_tenant(agency, registration="closed", language="pt-br")

    assert language_of(Browser(site, agency.slug, language=language)) == "pt-br"
    assert language_of(Browser(site, agency.slug, language=language), "/nothing") == "pt-br"


def test_language_of_a_user_does_not_reach_another_browser(site: Site, agency: Agency):
    update_user_row(agency, agency.owner.email, language="pt-br")
    assert language_of(logged_in(site, agency)) == "pt-br"

    assert language_of(Browser(site, agency.slug)) == "en"
    assert "cookie" in Browser(site, agency.slug).get("/").headers["vary"].lower()


@pytest.mark.parametrize(
    ("own", "default", "shown"),
    [
        ("", "", "22:30"),
        ("America/Sao_Paulo", "", "19:30"),
        ("", "America/Sao_Paulo", "19:30"),
        ("Asia/Tokyo", "America/Sao_Paulo", "07:30"),
        ("No/Such_Zone", "", "22:30"),
    ],
)
def test_dates_are_in_the_time_zone_of_the_user(
    site: Site, agency: Agency, own: str, default: str, shown: str
):
    file = add_file(agency.owner.at, "plan.txt", b"a plan")
    with tenant_context(agency.ref):
        row = File.objects.get(pk=file["id"])
        moment = row.created_at.replace(year=2026, month=3, day=4, hour=22, minute=30)
        File.objects.filter(pk=row.pk).update(created_at=moment)
    update_user_row(agency, agency.owner.email, time_zone=own, language="pt-br")
    configure_tenant(agency, registration="closed", time_zone=default)

    page = logged_in(site, agency).get("/").text

    assert shown in page.partition("<time")[2].partition("</time>")[0].partition(">")[2]


def test_menu_stores_the_language_of_the_user(site: Site, agency: Agency):
    browser = logged_in(site, agency, language="en")
    fields = {"language": "pt-br", "next": "/reauthenticate"}
    token = TOKEN.search(browser.get("/").text)
    assert token

    refused = browser.post("/language", fields)
    done = browser.post("/language", {"csrfmiddlewaretoken": token[1], **fields})

    assert refused.status_code == 403
    assert (done.status_code, done.headers["location"]) == (303, "/reauthenticate")
    assert language_of(browser) == "pt-br"
    assert user_with_email(agency, agency.owner.email).language == "pt-br"
    [event] = audit_events(agency, "user.updated")
    assert event.actor_id == agency.owner.id


@pytest.mark.parametrize("language", ["xx", "../en", "<b>", "e" * 300])
def test_unknown_language_is_refused(site: Site, agency: Agency, language: str):
    browser = logged_in(site, agency)
    token = TOKEN.search(browser.get("/").text)
    assert token

    answer = browser.post("/language", {"csrfmiddlewaretoken": token[1], "language": language})

    assert answer.status_code == 400
    assert "<b>" not in answer.text
    assert user_with_email(agency, agency.owner.email).language == ""
