"""What tenants share besides the database: caches, logs, metrics, files, locks, e-mail."""

import ast
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from django.core.cache import cache
from django_redis import get_redis_connection

from devstack.testing import TestStack
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.pages.page_table import FILES_FOR_PROGRAMS
from tests.support.process_state import PACKAGES, ROOT
from tests.support.routes import ROUTES
from tests.support.service_logs import log_lines_with


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def users_of(package: str) -> set[str]:
    """Return the project's modules that import a package."""
    found = set()
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name == package or name.startswith(f"{package}.") for name in names):
                found.add(str(path.relative_to(ROOT)))
    return found


def test_cache_key_is_separate_for_each_tenant(acme: Agency, globex: Agency):
    ours, theirs = acme.ref, globex.ref
    key, value = secrets.token_hex(8), "acme's"
    with tenant_context(ours):
        cache.set(key, value, 60)
        assert cache.make_key(key) == f"aggios:{ours.id.hex}:1:{key}"
        assert cache.get(key) == value
    with tenant_context(theirs):
        assert cache.get(key) is None
        assert not cache.delete(key)
    assert cache.get(key) is None
    assert cache.make_key(key) == f"aggios:public:1:{key}"
    with tenant_context(ours):
        assert cache.delete(key)


def test_login_throttle_key_names_the_tenant(acme: Agency, globex: Agency):
    email = f"{secrets.token_hex(8)}@nobody.test"
    for agency in (acme, globex):
        agency.host.post("/api/auth/login", {"email": email, "password": "wrong"})
    redis = get_redis_connection("default")
    keys = [key.decode() for key in redis.scan_iter(f"aggios-limits*{email}*")]

    assert len(keys) == 4  # by account and client address, and by account only
    assert {ref.id for ref in (acme.ref, globex.ref) for key in keys if str(ref.id) in key} == {
        acme.ref.id,
        globex.ref.id,
    }


def test_concurrent_request_log_lines_name_their_tenant(
    acme: Agency, globex: Agency, stores: TestStack
):
    """Both tenants send requests to the same threads; the request id names the tenant."""
    run = secrets.token_hex(4)

    def ask(number: int) -> None:
        agency = (acme, globex)[number % 2]
        asked = agency.owner.at.get(
            "/api/users/me", headers={"X-Request-ID": f"{run}-{agency.slug}-{number}"}
        )
        assert asked.status_code == 200

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(60)))

    found = [line for line in log_lines_with(stores, run) if line["event"] == "request"]
    users = {"acme": acme.owner.id, "globex": globex.owner.id}
    assert len(found) == 60
    for line in found:
        slug = line["request_id"].split("-")[1]
        assert (line["tenant"], line["user"]) == (slug, users[slug])


def test_metrics_labels_name_no_tenant(site: Site, acme: Agency, globex: Agency, stores: TestStack):
    for agency in (acme, globex):
        assert agency.owner.at.get("/api/files").status_code == 200
    port = stores.ports["gunicorn"]
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text

    labels = set(re.findall(r'(\w+)="', text))
    assert "/api/files" in text or "api/files" in text
    assert labels <= {"site", "method", "route", "status", "le"}
    for agency in (acme, globex):
        for name in (agency.slug, str(agency.ref.id), agency.ref.id.hex, agency.owner.id):
            assert f'"{name}"' not in text


READ = [route for route in ROUTES["tenant"] if "GET" in route.methods and "{" not in route.path]


@pytest.mark.parametrize("route", READ, ids=lambda route: route.name)
def test_responses_that_depend_on_the_user_are_not_publicly_cacheable(acme: Agency, route):
    known = acme.owner.at.get(route.path)
    anonymous = acme.host.get(route.path)

    control = known.headers.get("Cache-Control", "")
    if route.name in FILES_FOR_PROGRAMS and "public" in control:
        assert known.content == anonymous.content
        return
    assert "public" not in control
    if "no-store" in control or "private" in control:
        return
    # A cacheable page is cached by its host name, and is the same for every client.
    assert known.headers["Content-Type"].startswith("text/html")
    assert acme.owner.email not in known.text
    assert known.text == anonymous.text


def test_static_files_are_equal_at_every_host(site: Site, acme: Agency, globex: Agency):
    pages = (acme.host.get("/").text, globex.host.get("/").text)
    links = [re.findall(r'(?:href|src)="(/static/[^"]+)"', page) for page in pages]

    assert links[0] == links[1] != []
    for link in links[0]:
        assert acme.host.get(link).content == globex.host.get(link).content


def test_requests_leave_no_temporary_file():
    """Uploads are streamed. Only processes make files: worker metrics and heartbeats."""
    ours = {
        "aggios/gunicorn.py",
        "core/workers.py",
    }

    assert users_of("tempfile") == ours


def test_mail_is_sent_only_from_the_outbox():
    """Only the outbox ensures that links in an e-mail name the tenant by its host."""
    using = users_of("django.core.mail") | users_of("smtplib")

    assert using
    assert {name for name in using if not name.startswith("accounts/email/")} == set()


# Each advisory lock, and how its key depends on the tenant.
LOCKS = {
    "audit/functions.sql": "by the trail's schema",
    "tenants/fleet/control.py": "one for the fleet, and by the run's id",
    "tenants/schemas/schema_state.py": "by the tenant's schema",
    "operations/housekeeping.py": "one for the periodic tasks",
    "operations/isolation/run.py": "one for audits",
    "operations/owner_session.py": "by the tenant's id",
}


def test_advisory_locks_are_all_reviewed():
    using = {
        str(path.relative_to(ROOT))
        for path in [*modules(), ROOT / "audit/functions.sql"]
        if re.search(r"pg_(try_)?advisory_(xact_)?lock", path.read_text(encoding="utf-8"))
    }

    assert using == set(LOCKS)
    session = (ROOT / "operations/owner_session.py").read_text(encoding="utf-8")
    assert 'f"aggios:tenant:{tenant_id}"' in session
