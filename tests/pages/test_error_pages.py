"""Errors as pages of the workspace: with its navigation for users, and with what to do."""

from collections.abc import Callable

import pytest
from django_redis import get_redis_connection

from audit.services import SYSTEM
from devstack.testing import TestStack
from tenants.lifecycle import suspend_tenant
from tenants.models import Tenant
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.pages.responses import page_client

pytestmark = pytest.mark.usefixtures("fresh_limits")

NAVIGATION = 'class="shell-nav"'


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency()


def test_missing_page_has_the_navigation_of_a_user(site: Site, agency: Agency):
    user, visitor = (
        logged_in(site, agency).get("/nothing"),
        Browser(site, agency.slug).get("/nothing"),
    )

    assert (user.status_code, visitor.status_code) == (404, 404)
    assert NAVIGATION in user.text
    assert "no-store" in user.headers["cache-control"]
    assert NAVIGATION not in visitor.text
    assert 'href="/login"' in visitor.text
    assert agency.owner.email not in visitor.text


def test_error_page_is_in_the_language_of_the_user(site: Site, agency: Agency):
    browser = logged_in(site, agency)
    assert agency.owner.at.patch("/api/users/me", {"language": "pt-br"}).status_code == 200

    page = browser.get("/nothing")

    assert page.headers["content-language"] == "pt-br"
    assert "Não há nada aqui." in page.text


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Try again in 60 seconds."), ("pt-BR", "Tente de novo em 60 segundos.")],
)
def test_limit_says_when_to_try_again(settings, acme: Agency, language: str, said: str):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "links": "1/60"}
    client = page_client(acme)

    for _ in range(2):
        answer = client.post("/email/verify", {"token": "x"}, headers={"accept-language": language})

    assert answer.status_code == 429
    assert said in answer.text


def test_expired_form_says_that_nothing_was_changed(site: Site, agency: Agency):
    browser = logged_in(site, agency)

    page = browser.post("/logout", {})

    assert page.status_code == 403
    assert "Nothing has been changed." in page.text
    assert NAVIGATION in page.text


def test_link_to_load_again_never_leaves_the_host(site: Site, acme: Agency):
    page = Browser(site, "acme").post("//evil.example/login", {})

    assert "//evil.example" not in page.text.replace("%2F", "/")


def test_api_answers_with_problem_json(site: Site, agency: Agency):
    browser = logged_in(site, agency)

    answer = browser.get("/api/nothing")

    assert answer.headers["content-type"] == "application/problem+json"


def test_suspended_workspace_says_why(site: Site, agency: Agency):
    browser = logged_in(site, agency)
    suspend_tenant(agency.ref.id, actor=SYSTEM, reason="The <invoice> is unpaid.")

    for path in ("/", "/login", "/nothing"):
        page = browser.get(path)
        assert page.status_code == 403
        assert "The &lt;invoice&gt; is unpaid." in page.text
        assert NAVIGATION not in page.text
        assert 'href="/login"' not in page.text


def test_workspace_in_maintenance_says_what_is_going_on(site: Site, agency: Agency):
    ref = agency.ref
    Tenant.objects.filter(pk=ref.id).update(maintenance=Tenant.Maintenance.RESTORING)
    get_redis_connection("default").delete(f"aggios:route:host:{agency.slug}")
    page = Browser(site, agency.slug).get("/")

    assert page.status_code == 503
    assert "being restored from an archive" in page.text
    assert page.headers["retry-after"] == "60"


def test_page_without_a_database_is_an_error_page(site: Site, agency: Agency, stores: TestStack):
    browser = logged_in(site, agency)
    browser.get("/")
    stores.stop("postgres")
    try:
        page = browser.get("/")
        answer = browser.get("/api/users/me", headers={"Sec-Fetch-Site": "same-origin"})
    finally:
        stores.start_ready("postgres")

    assert page.status_code == 503
    assert "<h1>" in page.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert browser.get("/").status_code == 200
