"""Every PUT, PATCH and DELETE of the API compares ``If-Match`` (RFC 9110 section 13.1.1)."""

import secrets
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator

from core.api.views import ApiView
from tests.structure.test_route_matrix import Ids, acmes, acmes_file, acmes_trash
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency, create_agency
from tests.support.http_client import Site
from tests.support.routes import MEMBER, ROUTES, Route

__all__ = ["acmes", "acmes_file", "acmes_trash"]

CHANGING = ("PUT", "PATCH", "DELETE")
CASES = [
    pytest.param(route, method, id=f"{method}-{route.name}")
    for route in ROUTES["tenant"]
    for method in route.methods.split()
    if route.who == MEMBER and method in CHANGING
]
BODIES = {
    ("me", "PUT"): {"first_name": "A", "last_name": "B"},
    ("me", "PATCH"): {"first_name": "A"},
    ("user", "PATCH"): {"first_name": "A"},
    ("file", "PATCH"): {"name": "other.txt"},
    ("own-tenant", "PATCH"): {"name": "Other"},
}


@pytest.fixture(scope="module")
def acme(site: Site) -> Agency:
    """An agency of its own: what is not refused here is gone."""
    return create_agency(site, f"x{secrets.token_hex(6)}")


def view_of(kind: str, route: Route) -> type[ApiView]:
    return resolve(route.path.format_map(Ids()), settings.SITE_URLCONFS[kind]).func.view_class


def changing(kind: str) -> Iterator[tuple[str, str]]:
    """Give the routes and methods of a kind of host that change what has an entity tag."""
    for route in ROUTES[kind]:
        for method in set(route.methods.split()) & set(CHANGING):
            if route.path.startswith("/api/") and view_of(kind, route).has_etag:
                yield route.path.replace("}", "_id}").replace("version_id", "version"), method


@pytest.mark.parametrize(("route", "method"), CASES)
def test_changing_what_has_changed_since_is_refused(
    acme: Agency, acmes: Ids, route: Route, method: str
):
    path, body = route.path.format_map(acmes), BODIES.get((route.name, method))
    if (route.name, method) == ("own-tenant", "DELETE"):
        body = {"confirm": acme.slug}
    stale = {"If-Match": '"stale"'}

    answer = acme.owner.at.request(method, path, json=body, headers=stale)

    assert status_and_code(answer) == (412, "precondition_failed")


@pytest.mark.parametrize("kind", sorted(ROUTES))
def test_what_can_be_refused_is_described(kind: str):
    urlconf = settings.SITE_URLCONFS[kind]
    paths = SchemaGenerator(urlconf=urlconf).get_schema(public=True)["paths"]

    described = {
        (path, method.upper())
        for path, methods in paths.items()
        for method, operation in methods.items()
        if any(p["name"] == "If-Match" for p in operation.get("parameters", ()))
    }

    assert set(changing(kind)) <= described
    for path, method in changing(kind):
        shown = paths[path].get("get")
        if shown:
            names = {parameter["name"] for parameter in shown.get("parameters", ())}
            assert "If-None-Match" in names, (path, method)
