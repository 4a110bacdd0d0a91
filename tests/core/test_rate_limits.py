"""Rate limits: settings, keys, response headers, and local limits without Redis."""

import json
import re
import secrets
import time
from pathlib import Path

import pytest
from django.test import Client

from audit.services import SYSTEM
from core.problems import RateLimited
from core.rate_limits import limits
from core.rate_limits.windows import RedisWindows
from core.request_context import RequestContext, use_request_context
from devstack.environment import stack_environment
from tenants.services import create_tenant

ROUTES = {
    "signup": ("aggios.localhost", "/api/auth/register"),
    "register": ("api.aggios.localhost", "/api/auth/register"),
    "refresh": ("api.aggios.localhost", "/api/auth/refresh"),
}


@pytest.fixture
def name(settings) -> str:
    """A limit of three in two seconds that only this test uses."""
    made = f"test-{secrets.token_hex(4)}"
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, made: "3/2"}
    return made


def post(client: Client, host: str, path: str, address: str):
    """Post an empty body as a client behind the proxy."""
    headers = {"host": host, "x-forwarded-for": address}
    return client.post(path, b"{}", content_type="application/json", headers=headers)


@pytest.mark.parametrize("limit", ROUTES)
def test_declared_limit_is_enforced_and_reported(committed, settings, limit: str):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, limit: "3/60"}
    address = f"2001:db8::{secrets.token_hex(2)}"
    client = Client()

    answers = [post(client, *ROUTES[limit], address) for _ in range(4)]

    assert [a.status_code for a in answers] == [400, 400, 400, 429]
    assert answers[0].headers["RateLimit-Policy"] == f'"{limit}";q=3;w=60'
    assert answers[0].headers["RateLimit"].startswith(f'"{limit}";r=2;t=')
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert json.loads(answers[3].content)["code"] == "rate_limited"
    assert post(client, *ROUTES[limit], "192.0.2.9").status_code == 400


def test_sign_up_form_and_api_share_a_limit(committed, settings):
    """A client can change its IPv6 address freely, so limits count its /64 (RFC 6177)."""
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "signup": "3/60"}
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    groups = ":".join(secrets.token_hex(2) for _ in range(3))
    addresses = [f"2001:{groups}::{number}" for number in range(1, 7)]
    host, path = ROUTES["signup"]
    form = {"company": "X", "email": "x@x.test", "password": secrets.token_hex(), "first_name": "X"}
    form["subdomain"] = claimed_by_others = f"t{secrets.token_hex(6)}"
    create_tenant(name="X", subdomain=claimed_by_others, actor=SYSTEM)

    by_form = [
        Client()
        .post("/signup", form, headers={"host": host, "x-forwarded-for": address})
        .status_code
        for address in addresses[:2]
    ]
    by_api = [post(Client(), host, path, address).status_code for address in addresses[2:4]]
    again = Client().post("/signup", form, headers={"host": host, "x-forwarded-for": addresses[4]})

    assert 429 not in by_form
    assert by_api == [400, 429]
    assert again.status_code == 429


def test_limits_count_ipv6_by_network():
    """Every limit for an address uses ``limit_key``."""
    root = Path(__file__).resolve().parents[2]
    call = r"\b(?:consume|RateLimitUse|clear)\("
    counted = re.compile(call + r"(?:[^()]|\([^()]*\))*?\.client_address")
    for app in ("accounts", "aggios", "core", "files", "operations", "pages", "staff", "tenants"):
        for module in (root / app).rglob("*.py"):
            for found in counted.findall(module.read_text(encoding="utf-8")):
                assert "limit_key(" in found, (module, found)


def test_limit_counts_address_from_proxy(committed, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "signup": "2/60"}
    ours = f"2001:db8::{secrets.token_hex(2)}"
    host, path = ROUTES["signup"]

    statuses = [
        post(Client(), host, path, f"10.0.0.{number}, {ours}").status_code for number in range(3)
    ]

    assert statuses == [400, 400, 429]


def test_window_slides(committed, name: str):
    for _ in range(3):
        limits.consume(name, "a")
    with pytest.raises(RateLimited):
        limits.consume(name, "a")
    limits.consume(name, "b")

    time.sleep(2.1)

    limits.consume(name, "a")


def test_refused_use_is_not_counted_and_clear_resets(committed, name: str):
    for _ in range(3):
        limits.consume(name, "a")
    for _ in range(5):
        with pytest.raises(RateLimited):
            limits.consume(name, "a")

    limits.clear(name, "a")

    limits.consume(name, "a")


def test_two_limits_are_both_reported(committed, settings, name: str):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, f"{name}2": "9/9"}
    with use_request_context(RequestContext()) as context:
        limits.consume(name, "a")
        limits.consume(f"{name}2", "a")
        limits.consume(name, "a")

    members = context.headers["RateLimit-Policy"].split(", ")
    assert sorted(members) == [f'"{name}";q=3;w=2', f'"{name}2";q=9;w=9']


def test_limit_without_redis_is_shared_by_workers(committed, settings, name: str, monkeypatch):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, name: "6/60"}
    settings.WEB_WORKERS = 2
    monkeypatch.setattr(limits, "_redis_windows", lambda: RedisWindows("redis://127.0.0.1:1/0"))
    for _ in range(3):
        limits.consume(name, "a")

    with pytest.raises(RateLimited):
        limits.consume(name, "a")


def test_development_stack_raises_only_sign_up_limits(stores):
    amount, seconds = stack_environment(stores.home, stores.ports, stores._context.secrets)[
        "RATE_LIMIT_SIGNUP"
    ].split("/")

    assert int(amount) * 3600 / int(seconds) >= 500
    assert stores.env.get("RATE_LIMIT_LOGIN_ACCOUNT", "5/60") == "5/60"
