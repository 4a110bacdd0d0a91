"""The permission of each route of the staff API (tests/support/routes.py)."""

import pytest

from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.routes import ADD, CHANGE, DELETE, OF_STAFF, VIEW, Route

UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"
ROWS = [
    pytest.param(route, method, id=f"{method}-{route.path}")
    for route in OF_STAFF
    for method in route.methods.split()
]
# Responses to an empty request with permission: not found, or an invalid body.
LET_IN = {200, 400, 404}


@pytest.fixture(scope="module")
def with_right(staff_at) -> dict[str, str]:
    """Tokens with each permission alone, with all others, with none, and of a superuser."""
    rights = (VIEW, ADD, CHANGE, DELETE)
    tokens = {right: staff_at("", right).token for right in rights}
    for right in rights:
        tokens[f"not {right}"] = staff_at("", *(r for r in rights if r != right)).token
    return {**tokens, "none": staff_at("", "view_group").token, "all": staff_at().token}


@pytest.mark.parametrize(("route", "method"), ROWS)
@pytest.mark.parametrize("label", ["", "api", "admin"])
def test_route_requires_its_permission(
    site: Site, with_right, label: str, route: Route, method: str
) -> None:
    right, path = route.rights[method], route.path.format(tenant=UNKNOWN_ID, domain=UNKNOWN_ID)

    def ask(who: str):
        return site.host(label).with_token(with_right[who]).request(method, path)

    for who in (right, "all"):
        assert ask(who).status_code in LET_IN, who
    for who in (f"not {right}", "none"):
        answer = ask(who)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied"), who


@pytest.mark.parametrize(("route", "method"), ROWS)
def test_staff_api_on_other_host_is_not_found(
    site: Site, acme: Agency, with_right, route: Route, method: str
) -> None:
    path = route.path.format(tenant=acme.ref.id, domain=UNKNOWN_ID)

    for label in (acme.slug, "dash", "nobody-is-here"):
        answer = site.host(label).with_token(with_right["all"]).request(method, path)
        assert answer.status_code == 404, label
