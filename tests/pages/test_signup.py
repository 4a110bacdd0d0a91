"""Sign-up with the form on the apex host."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client

from accounts.models import Session
from tenants.context import ref_of, tenant_context
from tenants.models import Domain, Tenant
from tenants.queries import tenant_by_slug
from tests.support.accounts.in_process_client import random_address
from tests.support.browser import Browser
from tests.support.http_client import BASE_DOMAIN, PASSWORD, Site


def form_of(subdomain: str, **fields: str) -> dict[str, str]:
    return {
        "company": "Initech",
        "subdomain": subdomain,
        "first_name": "Olga",
        "last_name": "",
        "email": "olga@initech.test",
        "password": PASSWORD,
        **fields,
    }


def new_slug() -> str:
    return f"f{secrets.token_hex(6)}"


def test_signup_form_creates_a_tenant_and_shows_its_address(site: Site) -> None:
    slug, browser = new_slug(), Browser(site)

    answer = browser.submit("/signup", form_of(slug))
    page = browser.follow(answer)

    assert f"http://{slug}.aggios.localhost:{site.port}" in page.text
    entered = site.host(slug).post(
        "/api/auth/login", {"email": "olga@initech.test", "password": PASSWORD}
    )
    assert entered.status_code == 200
    assert entered.json()["user"]["role"] == "owner"


def test_signup_form_leaves_no_session(site: Site) -> None:
    slug = new_slug()
    Browser(site).submit("/signup", form_of(slug))

    with tenant_context(ref_of(tenant_by_slug(slug))):
        assert not Session.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize(
    ("fields", "status", "says", "sagt"),
    [
        ({"subdomain": "www"}, 400, "This name is reserved.", "Este nome é reservado."),
        ({"subdomain": "acme"}, 409, "Somebody has this name already.", "já tem este nome"),
        ({"subdomain": "-"}, 400, "Use 2 to 40 characters.", "Use de 2 a 40 caracteres."),
        ({"password": "short"}, 400, "at least 10 characters", "pelo menos 10 caracteres"),
        ({"password": "password123"}, 400, "too common", "muito comum"),
        ({"email": "nobody"}, 400, "valid e-mail", "e-mail válido"),
        ({"company": ""}, 400, "This field is required.", "campo é obrigatório"),
        ({"company": "   "}, 400, "This field is required.", "campo é obrigatório"),
        ({"company": "a\x00b"}, 400, "Null characters", "Caracteres nulos"),
    ],
)
def test_signup_form_errors_are_shown_at_their_fields(
    site: Site, acme, fields: dict, status: int, says: str, sagt: str
) -> None:
    before = Tenant.objects.count()
    form = {**form_of(new_slug()), **fields}

    english = Browser(site).submit("/signup", form)
    portuguese = Browser(site, language="pt-BR").submit("/signup", form)

    assert (english.status_code, portuguese.status_code) == (status, status)
    assert says in english.text
    assert sagt in portuguese.text
    assert f'value="{form["password"]}"' not in english.text
    assert Tenant.objects.count() == before


def test_concurrent_signups_only_one_creates_the_tenant(site: Site) -> None:
    slug = new_slug()

    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda _: Browser(site).submit("/signup", form_of(slug)), range(6))
    statuses = sorted(answer.status_code for answer in answers)

    assert statuses == [302, *[409] * 5]
    assert Domain.objects.filter(domain=slug).count() == 1


def test_signup_form_without_csrf_token_is_refused(site: Site) -> None:
    slug = new_slug()

    answer = Browser(site).post("/signup", form_of(slug))

    assert answer.status_code == 403
    assert "This form has expired" in answer.text
    assert not Domain.objects.filter(domain=slug).exists()


@pytest.mark.parametrize("query", ["", "?opened=", "?opened=acme", "?opened=ImFjbWUi:1:forged"])
def test_signup_done_page_without_a_valid_signature_is_404(site: Site, query: str) -> None:
    assert Browser(site).get(f"/signup/done{query}").status_code == 404


def test_signup_page_is_not_cached(site: Site) -> None:
    assert "no-store" in Browser(site).get("/signup").headers["cache-control"]


def test_signup_limit_counts_an_ipv6_network_as_one_client(settings, committed: None) -> None:
    """As in the API: one client can use every address of a /64 (RFC 6177 section 2)."""
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "signup": "2/3600"}
    network = random_address().removesuffix("::1")

    def submit(number: int) -> int:
        headers = {"host": BASE_DOMAIN, "x-forwarded-for": f"{network}::{number:x}"}
        return Client().post("/signup", form_of("www"), headers=headers).status_code

    assert [submit(number) for number in range(1, 4)] == [400, 400, 429]
