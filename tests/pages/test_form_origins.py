"""Forms of a tenant's pages are accepted only from their own host, custom domains included."""

import secrets
from collections.abc import Iterator

import pytest

from audit.services import SYSTEM
from tenants.domains.services import add_domain, remove_domain
from tests.support.accounts.invitations import post_invitation, token_of_invitation
from tests.support.browser import TOKEN, Browser
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Site

pytestmark = pytest.mark.usefixtures("fresh_limits")

PATHS = ("/join", "/password/reset", "/email/verify", "/email/change")


def domain_of(agency: Agency) -> Iterator[str]:
    name = f"files.{secrets.token_hex(6)}.example"
    row = add_domain(agency.ref.id, name=name, verified=True, actor=SYSTEM)
    yield name
    remove_domain(row.pk, tenant_id=agency.ref.id, actor=SYSTEM)


@pytest.fixture
def own_domain(acme: Agency) -> Iterator[str]:
    yield from domain_of(acme)


@pytest.fixture
def foreign_domain(globex: Agency) -> Iterator[str]:
    yield from domain_of(globex)


@pytest.fixture
def browser(site: Site, own_domain: str) -> Browser:
    """A browser at acme's custom domain."""
    found = Browser(site, "acme")
    found.host = f"{own_domain}:{site.port}"
    found.client.headers["Host"] = found.host
    return found


def test_join_form_on_custom_domain_registers_a_user(acme: Agency, browser: Browser):
    token = token_of_invitation(acme, post_invitation(acme, max_uses=2))
    fields = {"email": f"{secrets.token_hex(6)}@new.test", "password": PASSWORD}

    done = browser.submit(f"/join?token={token}", {"token": token, **fields})

    assert done.status_code == 303, done.text
    entered = acme.host.post("/api/auth/login", fields)
    assert entered.status_code == 200
    gone = acme.owner.at.delete(f"/api/users/{entered.json()['user']['id']}")
    assert gone.status_code == 204


@pytest.mark.parametrize("path", PATHS)
def test_form_on_a_custom_domain_is_accepted(browser: Browser, path: str):
    token = TOKEN.search(browser.get("/password/reset?token=x").text)
    assert token

    answer = browser.post(path, {"csrfmiddlewaretoken": token[1], "token": "x"})

    assert "form_expired" not in answer.text
    assert answer.status_code in ({400} if path != "/join" else {403})
    if path == "/join":  # an invalid invitation is 403
        assert "invitation" in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_form_from_another_origin_is_refused(
    site: Site, browser: Browser, own_domain: str, foreign_domain: str, path: str
):
    token = TOKEN.search(browser.get("/password/reset?token=x").text)
    assert token
    form = {"csrfmiddlewaretoken": token[1], "token": "x"}
    origins = [
        "null",
        f"http://{foreign_domain}:{site.port}",
        f"http://acme.{site.host().name}:{site.port}",
        f"http://globex.{site.host().name}:{site.port}",
        f"https://{own_domain}:{site.port}",
        f"http://{own_domain}",
        f"http://{own_domain}.evil.example:{site.port}",
    ]

    answers = [browser.post(path, form, headers={"Origin": origin}) for origin in origins]

    assert [answer.status_code for answer in answers] == [403] * len(origins)
    assert all("form_expired" in answer.text for answer in answers)


def test_form_without_its_cookie_is_refused(site: Site, browser: Browser):
    token = TOKEN.search(browser.get("/password/reset?token=x").text)
    assert token
    browser.client.cookies.clear()

    answer = browser.post("/password/reset", {"csrfmiddlewaretoken": token[1], "token": "x"})

    assert answer.status_code == 403
    assert "form_expired" in answer.text
