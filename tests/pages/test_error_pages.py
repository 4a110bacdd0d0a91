"""Errors as pages of the workspace: with its navigation for users, and with what to do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone
from django_redis import get_redis_connection

from audit.services import SYSTEM
from devstack.testing import TestStack
from files.models import Share
from tenants.context import tenant_context
from tenants.lifecycle import suspend_tenant
from tenants.models import Tenant
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency
from tests.support.files.shares import create_share, share_path
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


@pytest.mark.parametrize(
    ("default", "asked", "language"),
    [
        ("pt-br", "", "pt-br"),  # a browser that asks for none, or for one that is not served
        ("pt-br", "de", "pt-br"),
        ("pt-br", "en", "en"),
        ("", "pt-BR,pt;q=0.9", "pt-br"),
        ("", "de", "en"),
    ],
)
def test_suspended_workspace_is_in_the_language_of_the_visitor(
    site: Site, agency: Agency, default: str, asked: str, language: str
):
    settings = {"language": default, "time_zone": "America/Sao_Paulo"}
    assert agency.owner.at.patch("/api/tenant", {"settings": settings}).status_code == 200
    suspend_tenant(agency.ref.id, actor=SYSTEM, reason="X")

    page = Browser(site, agency.slug, language=asked).get("/")

    said = {"en": "This workspace is suspended.", "pt-br": "Este espaço está suspenso."}
    assert page.status_code == 403
    assert page.headers["content-language"] == language
    assert f'<html lang="{language}">' in page.text
    assert said[language] in page.text
    assert "aggios/components." in page.text


@pytest.mark.parametrize(
    ("zone", "language", "day"),
    [
        ("", "en", "Jan. 1, 2030"),
        ("America/Sao_Paulo", "en", "Dec. 31, 2029"),
        ("America/Sao_Paulo", "pt-BR", "31 de Dezembro de 2029"),
    ],
)
def test_workspace_to_be_deleted_names_the_day_in_its_time_zone(
    site: Site, agency: Agency, zone: str, language: str, day: str
):
    due = datetime(2030, 1, 1, 1, 30, tzinfo=UTC)
    assert agency.owner.at.patch("/api/tenant", {"settings": {"time_zone": zone}}).is_success
    Tenant.objects.filter(pk=agency.ref.id).update(deletion_due_at=due)
    get_redis_connection("default").delete(f"aggios:route:host:{agency.slug}")

    page = Browser(site, agency.slug, language=language).get("/")

    assert page.status_code == 403
    assert day.lower() in page.text.lower()


def test_unknown_host_is_a_page_in_the_language_of_the_visitor(site: Site):
    page = Browser(site, "nobody-here", language="pt-BR").get("/")

    assert page.status_code == 404
    assert page.headers["content-language"] == "pt-br"
    assert "Encontre seu espaço" in page.text


@pytest.mark.parametrize("end", ["revoked", "expired", "used up", "file gone", "unknown"])
def test_link_that_has_ended_is_a_page_that_says_so(site: Site, agency: Agency, end: str):
    share = create_share(agency.owner.at)
    path = share_path(share)
    with tenant_context(agency.ref):
        row = Share.objects.filter(pk=share["id"])
        if end == "revoked":
            assert agency.owner.at.delete(f"/api/shares/{share['id']}").status_code == 204
        elif end == "expired":
            row.update(expires_at=timezone.now() - timedelta(seconds=1))
        elif end == "used up":
            row.update(max_downloads=1, downloads=1)
        elif end == "file gone":
            assert agency.owner.at.delete(f"/api/files/{row.get().file_id}").status_code == 204
        else:
            path = f"{path[:-6]}AAAAAA"

    english = Browser(site, agency.slug)
    page, sent = english.get(path), english.post(path, {})
    portuguese = Browser(site, agency.slug, language="pt-BR").get(f"{path}?download=1")
    program = site.fetch(f"http://{english.host}{path}")

    assert [a.status_code for a in (page, sent, portuguese, program)] == [404] * 4
    assert "This link does not work." in page.text
    assert "This link does not work." in sent.text
    assert "Este link não funciona." in portuguese.text
    assert 'href="/login"' not in page.text
    assert "shared.txt" not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert program.json()["code"] == "not_found"


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
        connections.close_all()  # this process has lost its own, too

    assert page.status_code == 503
    assert "<h1>" in page.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert browser.get("/").status_code == 200
