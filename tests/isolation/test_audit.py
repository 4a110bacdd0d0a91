"""``manage.py audit_isolation`` on the unchanged code: no crossing, no leftover tenant."""

import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.services import SYSTEM
from devstack.home import CHECKOUT
from devstack.testing import TestStack
from operations.isolation.routes import Route, all_routes
from operations.isolation.tenants import create_audit_tenant, find_leftovers
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import create_tenant
from tests.support.http_client import Site

pytestmark = pytest.mark.timeout(1200)
SOME = "/shares/{"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")


def audit(*arguments: str) -> dict:
    """Run the command, which must leave no tenant, and return its report."""
    before = set(Tenant.objects.values_list("pk", flat=True))
    call_command("audit_isolation", "--json", *arguments, stdout=(out := io.StringIO()))
    assert set(Tenant.objects.values_list("pk", flat=True)) == before
    assert find_leftovers() == []
    return json.loads(out.getvalue())


def missing_attempts(report: dict, routes: list[Route]) -> set[tuple[str, str, str]]:
    """Return the routes and methods that the report does not have."""
    tried = {(row["layer"], row["target"], row["action"]) for row in report["rows"]}
    return {(route.site, route.shown, method) for route in routes for method in METHODS} - tried


@pytest.mark.nightly  # 30 000 requests
def test_audit_of_every_route_finds_no_crossing(site: Site):
    report = audit()

    assert report["crossings"] == 0
    assert missing_attempts(report, all_routes()) == set()


def test_audit_of_some_routes_finds_no_crossing(site: Site):
    report = audit("--only", SOME)

    routes = [route for route in all_routes() if SOME in route.shown]
    assert report["crossings"] == 0
    assert missing_attempts(report, routes) == set()
    assert {"database", "store"} <= {row["layer"] for row in report["rows"]}


@pytest.mark.usefixtures("leaky_urlconf")
def test_command_with_a_leak_reports_it_and_fails(committed: None):
    out = io.StringIO()

    with pytest.raises(CommandError, match=r"attempts? went through"):
        call_command("audit_isolation", "--only", "/leak/people", stdout=out)

    assert "CROSSING" in out.getvalue()
    assert "/leak/people" in out.getvalue()


def test_clean_removes_only_tenants_of_a_killed_run(committed: None):
    left = create_audit_tenant().ref
    customer = create_tenant(name="Audit x", subdomain="isolation-audit-customer", actor=SYSTEM)
    try:
        assert [tenant.pk for tenant in find_leftovers()] == [left.id]

        call_command("audit_isolation", "--clean", stdout=(out := io.StringIO()))

        assert out.getvalue() == "1 tenant of former runs removed.\n"
        assert find_leftovers() == []
        with tenant_context(customer):
            assert User.objects.count() == 0
    finally:
        call_command(
            "delete_tenant", customer.slug, "--now", "--no-export", "--yes", stdout=io.StringIO()
        )


def test_audit_with_a_url_sends_http_requests(site: Site, stores: TestStack):
    url = f"http://127.0.0.1:{stores.ports['gunicorn']}"
    out = io.StringIO()

    call_command("audit_isolation", "--url", url, "--only", "/api/users/me", "--json", stdout=out)

    report = json.loads(out.getvalue())
    asked = [row for row in report["rows"] if row["target"] == "/api/users/me"]
    assert report["crossings"] == 0
    assert {"200, canaries seen", "401"} <= {row["outcome"] for row in asked}


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stopped_audit_leaves_no_tenant(
    committed: None, stores: TestStack, number: int, status: int
):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "audit_isolation"],
        env={**os.environ, **stores.env},
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not find_leftovers():
        assert process.poll() is None
        time.sleep(0.05)

    process.send_signal(number)

    assert "what was planted has been removed" in process.communicate(timeout=120)[1]
    assert process.returncode == status
    assert find_leftovers() == []
