"""The permission matrix of files: every route and every kind of caller, over HTTP."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from accounts.permissions import ACTIONS
from audit.services import SYSTEM
from files import urls
from files.models import File, FileVersion, Share, Upload
from tenants.context import tenant_context
from tenants.lifecycle import resume_tenant, suspend_tenant
from tests.support.accounts.api_keys import post_api_key
from tests.support.factories import Agency, Person, add_member, create_agency
from tests.support.files.direct_uploads import post_upload, put_content
from tests.support.files.form_uploads import add_file
from tests.support.files.permission_matrix import ON_OWNERS, Case, cases
from tests.support.files.shares import create_share, share_path
from tests.support.http_client import Host, Site
from tests.support.pictures import png
from tests.support.routes import ROUTES

CASES = cases()
SCOPES = (
    *("files:read", "files:write", "shares:read", "shares:write"),
    *("usage:read", "tenant:write"),
)
ROWS = {route.name: route for route in ROUTES["tenant"]}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("files", "POST"): {"files": {"file": ("new.txt", b"new")}},
    ("uploads", "POST"): {"json": {"name": "new.bin", "size": 3}},
    ("upload-parts", "POST"): {"json": {"numbers": [1]}},
    ("own-logo", "PUT"): {"content": png(), "headers": {"Content-Type": "image/png"}},
}


def random_name() -> str:
    return f"{secrets.token_hex(8)}.txt"


@dataclass
class Cast:
    """The users of the matrix, their API keys, and their files."""

    site: Site
    agency: Agency
    people: dict[str, Person]
    keys: dict[tuple[str, str], Host]
    kept: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def asker(self, case: Case) -> Host:
        """Return a client with the credentials of the case's actor."""
        kind = {"key-without-scope": "without", "other-tenants-key": "foreign"}
        if case.actor in self.people:
            return self.people[case.actor].at
        if case.actor == "anonymous":
            return self.agency.host
        if case.actor.startswith("other-tenant") and case.actor != "other-tenants-key":
            label = "api" if case.actor == "other-tenant-on-api" else self.agency.slug
            return self.site.host(label).with_token(self.people["outsider"].access_token)
        return self.keys[kind.get(case.actor, "with"), case.scope]

    def ids(self, case: Case) -> dict[str, str]:
        """Return the ids for a request: of new objects, unless the case is refused."""
        whose = self.people["owner" if case.actor in ON_OWNERS else "member"]
        if not case.refused:
            return self.made_for(case.route, whose)
        key = (case.route, whose.id)
        if key not in self.kept:
            self.kept[key] = self.made_for(case.route, whose)
        return self.kept[key]

    def made_for(self, route: str, whose: Person) -> dict[str, str]:
        """Create the object of a route; for a list, one that it contains."""
        makers: dict[str, Callable[[Person], dict[str, str]]] = {
            "trash": create_trashed,
            "trashed": create_trashed,
            "trashed-restore": create_trashed,
            "share": create_share_of,
            "shares": create_share_of,
            "share-page": create_share_of,
            "upload": self.an_upload,
            "uploads": self.an_upload,
            "upload-parts": self.an_upload,
            "upload-complete": self.an_upload,
        }
        return makers.get(route, create_file)(whose)

    def an_upload(self, whose: Person) -> dict[str, str]:
        begun = post_upload(whose.at, random_name(), 5).json()
        put_content(self.site, begun, b"bytes")
        return {"upload": begun["id"]}


def create_file(whose: Person) -> dict[str, str]:
    return {"file": add_file(whose.at, random_name())["id"], "version": "1"}


def create_trashed(whose: Person) -> dict[str, str]:
    file = create_file(whose)["file"]
    assert whose.at.delete(f"/api/files/{file}").status_code == 204
    return {"trashed": file}


def create_share_of(whose: Person) -> dict[str, str]:
    share = create_share(whose.at, create_file(whose)["file"])
    return {"share": share["id"], "share_token": share_path(share).rpartition("/")[2]}


def api_key_hosts(agency: Agency, outsider: Person) -> dict[tuple[str, str], Host]:
    """Return clients with API keys: one scope only, all other scopes, another tenant's."""
    found = {}
    for scope in SCOPES:
        others = [other for other in SCOPES if other != scope]
        texts = {
            "with": post_api_key(agency.owner, scopes=[scope])["key"],
            "without": post_api_key(agency.owner, scopes=others)["key"],
            "foreign": post_api_key(outsider, scopes=[scope])["key"],
        }
        found |= {(kind, scope): agency.host.with_token(text) for kind, text in texts.items()}
    # A share link needs no authentication.
    return found | {(kind, "-"): found[kind, SCOPES[0]] for kind in ("with", "without", "foreign")}


@pytest.fixture(scope="module")
def cast(site: Site) -> Iterator[Cast]:
    agency, other, closed = (
        create_agency(site, f"matrix-{secrets.token_hex(4)}") for _ in range(3)
    )
    people = {
        "owner": agency.owner,
        "admin": add_member(agency, "adam@matrix.test", "admin"),
        "member": add_member(agency, "ben@matrix.test"),
        "another-member": add_member(agency, "bea@matrix.test"),
        "outsider": other.owner,
        "suspended": closed.owner,
    }
    found = Cast(site, agency, people, api_key_hosts(agency, other.owner))
    for route in {case.route for case in CASES}:
        found.kept[route, "suspended"] = found.made_for(route, closed.owner)
    suspend_tenant(closed.ref.id, actor=SYSTEM, reason="Unpaid.")
    yield found
    resume_tenant(closed.ref.id, actor=SYSTEM)


def all_rows(agency: Agency) -> list[list[tuple[Any, ...]]]:
    """Return every row of the agency's files that a request could change."""
    with tenant_context(agency.ref):
        return [
            list(rows.order_by("pk").values_list())
            for rows in (File.objects, FileVersion.objects, Share.objects, Upload.objects)
        ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.route}-{case.method}-{case.actor}")
def test_permission_matrix_is_enforced(cast: Cast, case: Case):
    closed = case.actor == "suspended"
    ids = cast.kept[case.route, "suspended"] if closed else cast.ids(case)
    body = BODIES.get((case.route, case.method), {})
    if (case.route, case.method) == ("file", "PATCH"):
        body = {"json": {"name": random_name()}}
    if case.route == "file-archive":
        body = {"json": {"files": [ids["file"]]}}
    before = all_rows(cast.agency) if case.refused else None

    response = cast.asker(case).request(case.method, ROWS[case.route].path.format(**ids), **body)

    assert response.status_code == case.status, response.text
    if case.refused:
        assert response.json()["code"] == case.code
        assert all_rows(cast.agency) == before
    if case.code_names_scope:
        assert response.json()["scope"] == case.scope
    if case.listed is not None:
        shown = {row["id"] for row in response.json()["results"]}
        assert (shown & set(ids.values()) != set()) == case.listed


def test_permission_matrix_covers_every_route():
    """A new route fails this test until it has rows in the matrix."""
    routes = {pattern.name: pattern.callback.view_class for pattern in urls.urlpatterns}
    served = {
        (name, verb.upper())
        for name, view in routes.items()
        for verb in ("get", "post", "put", "patch", "delete")
        if hasattr(view, verb)
    }
    served |= {("share-page", method) for method in ROWS["share-page"].methods.split()}

    assert {(case.route, case.method) for case in CASES} == served


def test_permission_matrix_names_the_scopes_of_the_views():
    routes = {pattern.name: pattern.callback.view_class for pattern in urls.urlpatterns}
    for case in CASES:
        if case.route in routes:
            action = routes[case.route].actions[case.method]
            assert ACTIONS[action].scope == case.scope, case
