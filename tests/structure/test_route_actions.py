"""Every method of every route of a tenant says what it does, or is for people alone, by name."""

import pytest
from django.conf import settings
from django.urls import resolve

from accounts.models import User
from accounts.permissions import ACTIONS
from core.api.views import ApiView
from tests.structure.test_route_matrix import Ids
from tests.support.routes import MEMBER, ROUTES, Route

# Whoever is logged in may, whatever the role; API keys may not.
OF_THE_PERSON = {
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
def test_a_method_says_what_it_does(route: Route, method: str):
    action = view_of(route).actions.get(method)

    assert (action is None) == ((route.name, method) in OF_THE_PERSON)
    assert action is None or action in ACTIONS


def test_no_view_names_a_method_that_it_does_not_serve():
    for route in ROUTES["tenant"]:
        if route.who == MEMBER:
            assert set(view_of(route).actions) <= set(route.methods.split())


def test_every_action_is_of_roles_that_there_are():
    for action in ACTIONS.values():
        assert action.roles
        assert action.roles <= set(User.Role.values)
        assert User.Role.OWNER in action.roles
