"""``manage.py audit_isolation`` on the code as it is: nothing goes through, nothing is left."""

import io
import json

import pytest
from django.core.management import call_command

from aggios.isolation.parties import leftovers
from aggios.isolation.routes import all_routes
from tenants.models import Tenant
from tests.site import Site


@pytest.fixture(scope="module")
def report(site: Site) -> dict:
    before = set(Tenant.objects.values_list("pk", flat=True))
    out = io.StringIO()
    call_command("audit_isolation", "--json", stdout=out)
    assert set(Tenant.objects.values_list("pk", flat=True)) == before
    return json.loads(out.getvalue())


def test_nothing_goes_through_and_nothing_is_left(report: dict):
    assert report["crossings"] == 0
    assert leftovers() == []


def test_every_route_was_tried_with_every_method(report: dict):
    tried = {(row["layer"], row["target"], row["action"]) for row in report["rows"]}

    for route in all_routes():
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
            assert (route.site, route.shown, method) in tried
