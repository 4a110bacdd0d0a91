"""The list of people and the page of a person: search, filters, pages, hostile names."""

import re
import secrets

import pytest
from django.utils import timezone

from accounts.models import Session, User
from tenants.context import tenant_context
from tests.support.accounts.users import insert_user_row, user_with_session
from tests.support.browser import Browser
from tests.support.factories import Agency, create_agency
from tests.support.http_client import Site
from tests.support.page_forms import browser_of, links_below

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7|add:7 }}"
PERSON = re.compile(r"^/people/[0-9a-f-]{36}$")


@pytest.fixture(scope="module")
def agency(site: Site) -> Agency:
    """An agency with sixty people, whose users are only read."""
    found = create_agency(site, f"l{secrets.token_hex(5)}")
    with tenant_context(found.ref):
        User.objects.bulk_create(
            User(
                email=f"one{number:02}@many.test",
                password="!",
                first_name="Ana" if number % 2 else "Bo",
                last_name=f"Ônibus{number:02}",
                role="admin" if number == 7 else "member",
                is_active=number != 9,
            )
            for number in range(60)
        )
    return found


@pytest.fixture(scope="module")
def browser(site: Site, agency: Agency) -> Browser:
    return browser_of(site, agency, agency.owner)


def people_on(page: str) -> set[str]:
    return {link for link in links_below(page, "/people/") if PERSON.match(link)}


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("search=one0", 10),
        ("search=ONE07", 1),
        ("search=%C3%B4nibus1", 10),
        ("search=O%CC%82nibus1", 10),
        ("role=admin", 1),
        ("role=owner", 1),
        ("state=inactive", 1),
        ("state=inactive&role=admin", 0),
        ("search=none-at-all", 0),
        ("search=%3Cscript%3E", 0),
        ("search=%25", 0),
        ("search=ana&limit=200", 30),
    ],
)
def test_search_and_filters_select_people(browser: Browser, query: str, number: int):
    page = browser.get(f"/people?{query}")

    assert page.status_code == 200
    assert len(people_on(page.text)) == number
    assert "<script>" not in page.text.replace('<script type="module"', "")


@pytest.mark.parametrize(
    "query", ["role=king", "state=dead", "sort=password", "search=" + "x" * 256, "search=%00"]
)
def test_unknown_filter_is_said_on_the_page(browser: Browser, query: str):
    page = browser.get(f"/people?{query}")

    assert page.status_code == 400
    assert 'role="alert"' in page.text
    assert people_on(page.text) == set()


def test_pages_lead_to_each_other_and_keep_the_filters(browser: Browser):
    first = browser.get("/people?search=many.test&sort=email")
    following = re.search(r'href="(\?[^"]+)" rel="next"', first.text)
    assert following
    second = browser.get(f"/people{following[1].replace('&amp;', '&')}")
    back = re.search(r'href="(\?[^"]+)" rel="prev"', second.text)
    assert back

    again = browser.get(f"/people{back[1].replace('&amp;', '&')}")

    assert len(people_on(first.text)) == 50
    assert len(people_on(second.text)) == 10
    assert people_on(first.text) & people_on(second.text) == set()
    assert people_on(again.text) == people_on(first.text)
    assert "http" not in following[1]


def test_forged_cursor_is_refused_as_a_page(browser: Browser):
    page = browser.get("/people?cursor=x")

    assert (page.status_code, page.headers["content-type"]) == (400, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "place", ["/people", "/people?search=hostile", "person", "/me", "/me/sessions"]
)
def test_hostile_texts_are_shown_as_text(site: Site, new_agency, place: str):
    agency = new_agency()
    person = user_with_session(
        agency,
        "owner",
        email="hostile@people.test",
        first_name=HOSTILE[:90],
        last_name=HOSTILE[:90],
    )
    with tenant_context(agency.ref):
        Session.objects.filter(user_id=person.id).update(
            user_agent=HOSTILE, last_used_at=timezone.now()
        )
    browser = browser_of(site, agency, person)
    path = f"/people/{person.id}" if place == "person" else place

    page = browser.get(path)

    assert page.status_code == 200
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "14" not in re.findall(r">(14)<", page.text)


def test_person_page_shows_state_and_sessions(site: Site, agency: Agency, browser: Browser):
    user_id = insert_user_row(agency, first_name="Gone", is_active=False)
    active = user_with_session(agency, first_name="Here")

    gone, here = (browser.get(f"/people/{one}").text for one in (user_id, active.id))

    assert "Deactivated" in gone
    assert "Not logged in anywhere." in gone
    assert f"/people/{user_id}/reactivate" in gone
    assert "Not logged in anywhere." not in here
    with tenant_context(agency.ref):
        User.objects.filter(pk__in=[user_id, active.id]).delete()


def test_pages_are_translated(site: Site, agency: Agency):
    browser = browser_of(site, agency, agency.owner, language="pt-BR")

    assert "Convidar pessoas" in browser.get("/people").text
    assert "Nenhum convite em aberto" in browser.get("/people/invitations").text
    assert "Sessões e dispositivos" in browser.get("/me/sessions").text
