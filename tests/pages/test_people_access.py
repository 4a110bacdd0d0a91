"""Pages of people and of the own account: roles, other tenants, forged forms, offers."""

import itertools
import secrets
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Invitation, User
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.users import insert_user_row, user_with_session
from tests.support.browser import Browser
from tests.support.factories import Agency, Person, create_agency
from tests.support.http_client import Site
from tests.support.page_forms import browser_of, hidden_fields, links_below
from tests.support.routes import OWN_PAGES, PEOPLE_PAGES, Route

ROLES = ("owner", "admin", "member")
MANAGED = [route for route in PEOPLE_PAGES if "{" not in route.path]
WITH_ID = [route for route in (*OWN_PAGES, *PEOPLE_PAGES) if "{" in route.path]
# Each with its methods. The GET of my-session-end leads to the list of sessions, whatever the id.
SERVED_WITH_ID = [
    (route, method)
    for route in WITH_ID
    for method in route.methods.split()
    if (route.name, method) != ("my-session-end", "GET")
]
FORMS = [route for route in (*OWN_PAGES, *PEOPLE_PAGES) if "POST" in route.methods]
# What each role may open on the page of an active user with a second factor, who is no last owner.
MANAGES = {"name", "address", "role", "end-sessions", "deactivate", "remove", "export"}
MAY_OPEN = {
    ("owner", "owner"): MANAGES | {"erase"},
    ("owner", "admin"): MANAGES | {"erase", "reset-second-factor"},
    ("owner", "member"): MANAGES | {"erase", "reset-second-factor"},
    ("admin", "owner"): set(),
    ("admin", "admin"): MANAGES,
    ("admin", "member"): MANAGES,
}
SUBPAGES = MANAGES | {"erase", "reset-second-factor", "reactivate"}


@pytest.fixture(scope="module")
def agency(site: Site) -> Agency:
    """An agency with two owners, whose users are only read."""
    found = create_agency(site, f"p{secrets.token_hex(5)}")
    insert_user_row(found, "owner")
    return found


@pytest.fixture(scope="module")
def actors(agency: Agency) -> dict[str, Person]:
    return {role: user_with_session(agency, role) for role in ROLES}


@pytest.fixture(scope="module")
def subjects(agency: Agency) -> dict[str, str]:
    enrolled = {"second_factor_at": timezone.now(), "first_name": "Subject"}
    return {role: insert_user_row(agency, role, **enrolled) for role in ROLES}


@pytest.fixture(scope="module")
def invitation(agency: Agency) -> str:
    with tenant_context(agency.ref):
        row = Invitation.objects.create(
            email="invited@people.test",
            invited_by_id=agency.owner.id,
            expires_at=timezone.now() + timedelta(days=1),
        )
        return str(row.pk)


def path_of(route: Route, subject: str, invitation: str, session: str = "") -> str:
    return route.path.format(user=subject, invitation=invitation, session=session)


@pytest.mark.parametrize("route", [*OWN_PAGES, *MANAGED], ids=lambda route: route.name)
def test_page_without_session_leads_to_the_log_in_and_back(
    site: Site, agency: Agency, route: Route
):
    answer = Browser(site, agency.slug).get(route.path.format(session=agency.owner.id))

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=%2F")
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("route", PEOPLE_PAGES, ids=lambda route: route.name)
def test_member_may_not_open_pages_of_people(
    site: Site,
    agency: Agency,
    actors: dict[str, Person],
    subjects: dict[str, str],
    invitation: str,
    route: Route,
):
    browser = browser_of(site, agency, actors["member"])

    answer = browser.get(path_of(route, subjects["member"], invitation))

    assert answer.status_code == 403
    assert "Subject" not in answer.text
    assert "invited@people.test" not in answer.text


@pytest.mark.parametrize("role", ["owner", "admin"])
@pytest.mark.parametrize("route", MANAGED, ids=lambda route: route.name)
def test_manager_opens_pages_of_people(
    site: Site, agency: Agency, actors: dict[str, Person], route: Route, role: str
):
    assert browser_of(site, agency, actors[role]).get(route.path).status_code == 200


@pytest.mark.parametrize(("actor", "subject"), MAY_OPEN)
def test_page_of_a_person_offers_what_is_not_refused(
    site: Site,
    agency: Agency,
    actors: dict[str, Person],
    subjects: dict[str, str],
    actor: str,
    subject: str,
):
    browser = browser_of(site, agency, actors[actor])
    place = f"/people/{subjects[subject]}"

    offered = links_below(browser.get(place).text, f"{place}/")
    opened = {name: browser.get(f"{place}/{name}").status_code for name in SUBPAGES}

    assert offered == {f"{place}/{name}" for name in MAY_OPEN[actor, subject]}
    allowed = {name for name, status in opened.items() if status == 200}
    assert allowed - {"reactivate"} == MAY_OPEN[actor, subject]
    assert {opened[name] for name in SUBPAGES - allowed} <= {403}


@pytest.mark.parametrize(
    ("actor", "subject", "name"),
    [
        (actor, subject, name)
        for (actor, subject), name in itertools.product(MAY_OPEN, sorted(SUBPAGES - {"export"}))
        if name not in MAY_OPEN[actor, subject] | {"reactivate"}
    ],
)
def test_form_that_is_not_offered_is_refused(
    site: Site,
    agency: Agency,
    actors: dict[str, Person],
    subjects: dict[str, str],
    actor: str,
    subject: str,
    name: str,
):
    browser = browser_of(site, agency, actors[actor])
    fields = hidden_fields(browser.get("/people/invite").text)
    fields |= {"role": "member", "first_name": "New", "email": "new@people.test"}

    answer = browser.post(f"/people/{subjects[subject]}/{name}", fields)

    assert answer.status_code == 403
    with tenant_context(agency.ref):
        row = User.objects.get(pk=subjects[subject])
        assert (row.first_name, row.role, row.is_active) == ("Subject", subject, True)
        assert row.second_factor_at is not None
        assert not AuditEvent.objects.filter(target_id=subjects[subject]).exists()


def test_own_page_offers_only_what_one_may_do_to_oneself(
    site: Site, agency: Agency, actors: dict[str, Person]
):
    wanted = {"owner": {"name", "role"}, "admin": {"name"}}
    for role, names in wanted.items():
        place = f"/people/{actors[role].id}"
        page = browser_of(site, agency, actors[role]).get(place).text
        assert links_below(page, f"{place}/") == {f"{place}/{name}" for name in names}


def test_last_owner_is_not_offered_what_needs_another_owner(site: Site, new_agency):
    agency = new_agency()
    place = f"/people/{agency.owner.id}"
    browser = browser_of(site, agency, agency.owner)

    assert links_below(browser.get(place).text, f"{place}/") == {f"{place}/name"}
    assert browser.get(f"{place}/role").status_code == 409


@pytest.mark.parametrize(
    ("route", "method"), SERVED_WITH_ID, ids=lambda value: getattr(value, "name", value)
)
def test_ids_of_another_tenant_are_not_found(
    site: Site,
    globex: Agency,
    agency: Agency,
    subjects: dict[str, str],
    invitation: str,
    route: Route,
    method: str,
):
    browser = browser_of(site, globex, globex.owner)
    path = path_of(route, subjects["member"], invitation, _a_session(agency))
    fields = hidden_fields(browser.get("/people/invite").text)

    answer = browser.get(path) if method == "GET" else browser.post(path, fields)

    assert answer.status_code == 404
    assert "Subject" not in answer.text
    with tenant_context(agency.ref):
        assert User.objects.get(pk=subjects["member"]).is_active


def _a_session(agency: Agency) -> str:
    with tenant_context(agency.ref):
        return str(User.objects.get(pk=agency.owner.id).sessions.first().pk)


@pytest.fixture
def victim(site: Site, agency: Agency, actors: dict[str, Person]) -> Iterator[Browser]:
    """A browser of an owner, to which others send forms. Nothing may change."""
    browser = browser_of(site, agency, actors["owner"])
    yield browser
    with tenant_context(agency.ref):
        assert User.objects.filter(removed_at=None).count() == 2 + len(ROLES) * 2
        assert browser.get("/me").status_code == 200


@pytest.mark.parametrize("route", FORMS, ids=lambda route: route.name)
def test_forged_form_is_refused(
    site: Site,
    globex: Agency,
    agency: Agency,
    subjects: dict[str, str],
    invitation: str,
    victim: Browser,
    route: Route,
):
    path = path_of(route, subjects["member"], invitation, _a_session(agency))
    token = hidden_fields(victim.get("/me").text)
    foreign = hidden_fields(browser_of(site, globex, globex.owner).get("/me").text)
    origin = f"http://{globex.slug}.aggios.localhost:{site.port}"

    answers = [
        victim.post(path, {}),
        victim.post(path, foreign),
        victim.post(path, token, headers={"Origin": origin}),
        victim.post(path, token, headers={"Origin": "null"}),
        victim.post(path, token, headers={"Sec-Fetch-Site": "same-site"}),
        victim.post(path, token, headers={"Sec-Fetch-Site": "cross-site"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * len(answers)


@pytest.mark.parametrize("route", FORMS, ids=lambda route: route.name)
def test_form_after_the_session_ended_leads_to_the_log_in(
    site: Site, agency: Agency, subjects: dict[str, str], invitation: str, route: Route
):
    person = user_with_session(agency, "admin")
    browser = browser_of(site, agency, person)
    token = hidden_fields(browser.get("/me").text)
    with tenant_context(agency.ref):
        User.objects.filter(pk=person.id).update(is_active=False)
    path = path_of(route, subjects["member"], invitation, _a_session(agency))

    answer = browser.post(path, token)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")
    with tenant_context(agency.ref):
        User.objects.filter(pk=person.id).delete()
