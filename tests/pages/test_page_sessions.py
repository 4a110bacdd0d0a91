"""Pages of a workspace need a session of their own tenant, and find no object of another."""

from collections.abc import Iterator

import httpx
import pytest

from tests.structure.test_route_matrix import Ids
from tests.support.browser import TOKEN, Browser, logged_in
from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site
from tests.support.routes import BROWSER, ROUTES, Route

ROWS = [
    pytest.param(route, method, id=f"{method}-{route.name}")
    for route in ROUTES["tenant"]
    if route.who == BROWSER
    for method in route.methods.split()
]
NAMED = [row for row in ROWS if "{" in row.values[0].path]


@pytest.fixture(scope="module")
def acmes(acme: Agency) -> Iterator[Ids]:
    """Ids of objects of acme."""
    file = add_file(acme.owner.at, "acme only.txt", b"acme's secret plan")
    yield Ids(file=file["id"], version="1")
    acme.owner.at.delete(f"/api/files/{file['id']}")


@pytest.fixture(scope="module")
def outsider(site: Site, globex: Agency) -> Browser:
    """A browser in which the owner of another tenant has logged in."""
    return logged_in(site, globex)


def send(browser: Browser, method: str, path: str) -> httpx.Response:
    """Send a request with a valid CSRF token, so that only the session decides."""
    if method == "GET":
        return browser.get(path)
    page = browser.get("/login")
    page = page if page.status_code == 200 else browser.get("/logout")
    token = TOKEN.search(page.text)
    assert token
    return browser.post(path, {"name": "x", "csrfmiddlewaretoken": token[1]})


@pytest.mark.parametrize(("route", "method"), ROWS)
def test_page_without_session_leads_to_the_log_in(
    site: Site, acme: Agency, acmes: Ids, route: Route, method: str
):
    answer = send(Browser(site, acme.slug), method, route.path.format_map(acmes))

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=%2F")


@pytest.mark.parametrize(("route", "method"), ROWS)
def test_page_with_cookie_of_another_tenant_leads_to_the_log_in(
    site: Site, acme: Agency, outsider: Browser, acmes: Ids, route: Route, method: str
):
    browser = Browser(site, acme.slug)
    browser.client.cookies.set("aggios", outsider.client.cookies["aggios"])

    answer = send(browser, method, route.path.format_map(acmes))

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?")


@pytest.mark.parametrize(("route", "method"), NAMED)
def test_page_of_an_object_of_another_tenant_is_not_found(
    outsider: Browser, acmes: Ids, route: Route, method: str
):
    foreign, unknown = (
        send(outsider, method, route.path.format_map(ids)) for ids in (acmes, Ids())
    )

    # A page of a session that has ended leads to the list of sessions.
    assert foreign.status_code in {302, 404}
    assert foreign.status_code == unknown.status_code
    assert foreign.headers.get("location") == unknown.headers.get("location")
    assert "acme" not in foreign.text


@pytest.mark.parametrize(("route", "method"), [row for row in ROWS if row.values[1] == "POST"])
def test_form_without_its_token_or_from_another_origin_is_refused(
    site: Site, outsider: Browser, route: Route, method: str
):
    path = route.path.format_map(Ids())
    token = TOKEN.search(outsider.get("/logout").text)
    assert token
    whole = {"csrfmiddlewaretoken": token[1], "name": "x"}

    answers = [
        outsider.post(path, {"name": "x"}),
        outsider.post(path, whole, headers={"Origin": f"http://acme.aggios.localhost:{site.port}"}),
        outsider.post(path, whole, headers={"Origin": "null"}),
        outsider.post(path, whole, headers={"Sec-Fetch-Site": "same-site"}),
        outsider.post(path, whole, headers={"Sec-Fetch-Site": "cross-site"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert all("form_expired" in answer.text for answer in answers)
