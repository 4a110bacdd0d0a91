"""Every route has a row in tests/support/routes.py and refuses another tenant's credential."""

import re
from collections.abc import Iterator
from operator import itemgetter
from typing import Any
from unittest.mock import ANY

import pytest
from django.conf import settings
from django.urls import URLResolver, get_resolver, resolve
from rest_framework.views import APIView
from uuid6 import uuid7

from audit.services import SYSTEM
from tenants.lifecycle import resume_tenant, suspend_tenant
from tests.support.factories import Agency, create_agency
from tests.support.http_client import Site
from tests.support.routes import BROWSER, MEMBER, ROUTES, STAFF, Route

ALL = [(kind, route) for kind, routes in ROUTES.items() for route in routes]
CLOSED = [
    pytest.param(kind, route, method, id=f"{kind}-{method}-{route.path}")
    for kind, route in ALL
    for method in route.methods.split()
    if route.who in {MEMBER, STAFF}
]
UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"


def names(resolver: URLResolver) -> Iterator[str]:
    """Yield the name of every route; Django admin's own count as one."""
    for pattern in resolver.url_patterns:
        if not isinstance(pattern, URLResolver):
            yield pattern.name or f"unnamed {pattern.pattern}"
        elif pattern.namespace != "admin":
            yield from names(pattern)


class Ids(dict[str, str]):
    """Ids for the placeholders of paths; an unknown id for other placeholders."""

    def __missing__(self, name: str) -> str:
        return "99" if name == "version" else UNKNOWN_ID


@pytest.fixture(scope="module")
def acmes(acme: Agency, acmes_file: str, acmes_trash: str) -> Iterator[Ids]:
    """Ids of objects of acme. A new placeholder needs an id here."""
    ada = acme.owner.at
    made = {
        "key": ada.post("/api/keys", {"name": "matrix", "scopes": ["files:read"]}),
        "invitation": ada.post("/api/invitations", {"email": "m@acme.test", "role": "member"}),
        "upload": ada.post("/api/uploads", {"name": "m.bin", "size": 1}),
        "factor": ada.post("/api/auth/factors", {"type": "totp"}),
        "share": ada.post(f"/api/files/{acmes_file}/shares"),
    }
    assert {answer.status_code for answer in made.values()} == {201}
    yield Ids(
        {name: answer.json()["id"] for name, answer in made.items()},
        file=acmes_file,
        version="1",
        trashed=acmes_trash,
        share_token=made["share"].json()["url"].rpartition("/")[2],
        tenant=str(acme.ref.id),
        user=acme.owner.id,
        audit_event=ada.get("/api/audit?limit=1").json()["results"][0]["id"],
        session=ada.get("/api/auth/sessions").json()["results"][0]["id"],
        domain=ada.get("/api/tenant/domains").json()["results"][0]["id"],
    )
    places = {"factor": "auth/factors"}
    for name, answer in made.items():
        place = places.get(name, f"{name}s")
        assert ada.delete(f"/api/{place}/{answer.json()['id']}").status_code == 204


@pytest.fixture(scope="module")
def acmes_file(acme: Agency) -> str:
    answer = acme.owner.at.post("/api/files", files={"file": ("plan.txt", b"acme's plan")})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@pytest.fixture(scope="module")
def acmes_trash(acme: Agency) -> str:
    answer = acme.owner.at.post("/api/files", files={"file": ("old plan.txt", b"acme's plan.txt")})
    assert answer.status_code == 201, answer.text
    assert acme.owner.at.delete(f"/api/files/{answer.json()['id']}").status_code == 204
    return answer.json()["id"]


def host_name(kind: str, agency: Agency) -> str:
    return {"tenant": agency.slug, "apex": ""}.get(kind, kind)


@pytest.mark.parametrize("kind", sorted(ROUTES))
def test_every_route_has_a_row(kind: str):
    found = sorted(names(get_resolver(settings.SITE_URLCONFS[kind])))

    assert found == sorted(route.name for route in ROUTES[kind])


def test_every_kind_of_host_has_rows():
    assert set(settings.SITE_URLCONFS) == set(ROUTES)


@pytest.mark.parametrize(("kind", "route"), ALL, ids=lambda value: str(value)[:60])
def test_row_matches_its_route(kind: str, route: Route):
    path = route.path.format_map(Ids())
    match = resolve(path, settings.SITE_URLCONFS[kind])

    assert match.url_name == route.name
    view = getattr(match.func, "view_class", None)
    if view is not None and issubclass(view, APIView):
        verbs = {"get", "post", "put", "patch", "delete"}
        served = {verb.upper() for verb in verbs if hasattr(view, verb)}
        assert served == set(route.methods.split())


WITH_ID = [(kind, route) for kind, route in ALL if "{" in route.path.replace("{share_token}", "")]


@pytest.mark.parametrize(("kind", "route"), WITH_ID, ids=lambda value: str(value)[:60])
def test_route_with_upper_case_ids_is_the_same(kind: str, route: Route):
    # RFC 9562, section 4: a UUID is read without case.
    ids = Ids.fromkeys(re.findall(r"{(\w+)}", route.path), str(uuid7()))
    ids |= {"version": "1"}
    path, upper_case = (
        route.path.format_map(Ids({name: change(text) for name, text in ids.items()}))
        for change in (str.lower, str.upper)
    )
    plain, match = (resolve(text, settings.SITE_URLCONFS[kind]) for text in (path, upper_case))

    assert upper_case != path
    assert (match.url_name, match.kwargs) == (plain.url_name, plain.kwargs) == (route.name, ANY)


@pytest.mark.parametrize(
    "route",
    [r for kind, r in WITH_ID if kind == "tenant" and "GET" in r.methods and r.who != BROWSER],
    ids=lambda route: route.name,
)
def test_object_is_found_by_upper_case_id(acme: Agency, acmes: Ids, route: Route):
    upper_case = Ids({name: text.upper() for name, text in acmes.items()})

    plain, found = (acme.owner.at.get(route.path.format_map(ids)) for ids in (acmes, upper_case))

    assert found.status_code == plain.status_code
    assert found.status_code in {200, 302}, found.text
    assert found.headers.get("ETag") == plain.headers.get("ETag")


@pytest.mark.parametrize(("kind", "route", "method"), CLOSED)
def test_request_without_credential_is_refused(
    site: Site, acme: Agency, acmes: Ids, kind: str, route: Route, method: str
):
    answer = site.host(host_name(kind, acme)).request(method, route.path.format_map(acmes))

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize(
    ("kind", "route", "method"),
    # On api. the credential names the tenant, so only an id of acme could reach acme.
    [
        row
        for row in CLOSED
        if row.values[0] == "tenant" or "{" in row.values[1].path or row.values[1].who == STAFF
    ],
)
def test_credential_of_another_tenant_is_refused(
    site: Site, acme: Agency, globex: Agency, acmes: Ids, kind: str, route: Route, method: str
):
    host = site.host(host_name(kind, acme)).with_token(globex.owner.access_token)

    answer = host.request(method, route.path.format_map(acmes))

    if kind == "api" and route.who == MEMBER:
        assert answer.status_code in ({400, 404} if method in {"PATCH", "POST"} else {404})
    else:
        assert answer.status_code == 401
    assert acme.owner.email not in answer.text
    assert "plan.txt" not in answer.text


@pytest.mark.parametrize(
    ("route", "method"),
    [
        (r, m)
        for r in ROUTES["tenant"]
        for m in r.methods.split()
        if "{" in r.path and r.who != BROWSER  # pages: tests/pages/test_page_sessions.py
    ],
)
def test_object_of_another_tenant_is_not_found(
    globex: Agency, acmes: Ids, acme: Agency, route: Route, method: str
):
    before = seen(acme, acmes)
    body = {} if method in {"PATCH", "POST"} else None

    foreign = globex.owner.at.request(method, route.path.format_map(acmes), json=body)
    unknown = globex.owner.at.request(method, route.path.format_map(Ids()), json=body)

    assert foreign.status_code in ({400, 404} if body is not None else {404})
    assert (foreign.status_code, foreign.json()["code"]) == (
        unknown.status_code,
        unknown.json()["code"],
    )
    assert seen(acme, acmes) == before


def seen(acme: Agency, acmes: Ids) -> dict[str, Any]:
    """Return what Ada sees of all objects in ``acmes``."""
    paths = ("files/{file}", "users/{user}", "keys/{key}", "invitations/{invitation}")
    lists = ("auth/sessions", "auth/factors", "tenant/domains", "tenant", "trash")
    paths += ("shares/{share}",)
    answers = {path: acme.owner.at.get(f"/api/{path.format_map(acmes)}") for path in paths + lists}
    assert {answer.status_code for answer in answers.values()} == {200}
    bodies = {path: answer.json() for path, answer in answers.items()}
    bodies["tenant"].pop("usage")  # measured periodically
    sessions = bodies["auth/sessions"]["results"]
    for session in sessions:
        session.pop("last_used_at")  # this request updates it, once a minute,
    sessions.sort(key=itemgetter("id"))  # and the list is ordered by it
    return bodies


@pytest.fixture(scope="module")
def suspended(site: Site) -> Iterator[Agency]:
    agency = create_agency(site, "suspended-for-the-matrix")
    suspend_tenant(agency.ref.id, actor=SYSTEM, reason="Unpaid.")
    yield agency
    resume_tenant(agency.ref.id, actor=SYSTEM)


@pytest.mark.parametrize(
    ("route", "method"), [(r, m) for r in ROUTES["tenant"] for m in r.methods.split()]
)
def test_suspended_tenant_serves_only_health(suspended: Agency, route: Route, method: str):
    path = route.path.format_map(Ids())

    answer = suspended.owner.at.request(method, path)

    if route.served_while_suspended:
        assert answer.status_code == 200
    else:
        assert answer.status_code == 403
        assert answer.json()["code"] == "tenant_suspended"


@pytest.mark.parametrize("kind", sorted(ROUTES))
def test_every_api_route_is_described(site: Site, acme: Agency, kind: str):
    described = site.host(host_name(kind, acme)).get("/api/schema").json()["paths"]
    left_out = {"/api/schema", "/api/docs", "/api/health/live", "/api/health/ready"}
    routes = [r for r in ROUTES[kind] if r.path.startswith("/api/") and r.path not in left_out]

    listed = {(p.replace("_id}", "}"), m.upper()) for p in described for m in described[p]}

    assert listed == {(r.path, method) for r in routes for method in r.methods.split()}
