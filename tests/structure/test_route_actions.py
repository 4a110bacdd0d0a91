"""Every method of every tenant route has an action, or is listed as a user's own."""

import pytest
from django.conf import settings
from django.urls import resolve

from accounts.models import User
from accounts.permissions import ACTIONS
from core.api.views import ApiView
from tests.structure.test_route_matrix import Ids
from tests.support.routes import MEMBER, ROUTES, Route

# Every user may, with any role; API keys may not.
OWN_ACCOUNT = {
    ("email-verification", "POST"),
    ("logout-all", "POST"),
    ("password-change", "POST"),
    ("prove", "POST"),
    ("factors", "GET"),
    ("factor", "GET"),
    ("factor-confirm", "POST"),
    ("me", "PUT"),
    ("me", "PATCH"),
    ("sessions", "GET"),
    ("session", "GET"),
    ("session", "DELETE"),
    ("me-export", "GET"),
}
CLOSED = [(r, m) for r in ROUTES["tenant"] if r.who == MEMBER for m in r.methods.split()]


def view_of(route: Route) -> type[ApiView]:
    match = resolve(route.path.format_map(Ids()), settings.SITE_URLCONFS["tenant"])
    return match.func.view_class


@pytest.mark.parametrize(("route", "method"), CLOSED)
def test_route_method_has_an_action(route: Route, method: str):
    action = view_of(route).actions.get(method)

    assert (action is None) == ((route.name, method) in OWN_ACCOUNT)
    assert action is None or action in ACTIONS


def test_actions_name_only_served_methods():
    for route in ROUTES["tenant"]:
        if route.who == MEMBER:
            assert set(view_of(route).actions) <= set(route.methods.split())


def test_actions_name_existing_roles_and_the_owner():
    for action in ACTIONS.values():
        assert action.roles
        assert action.roles <= set(User.Role.values)
        assert User.Role.OWNER in action.roles
