"""Passwords that an administrator has chosen: marked, and changed first where required."""

import io
import json
import secrets
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.email_tokens import create_email_token
from accounts.models import MailLink, User
from accounts.passwords.services import reset_password
from accounts.passwords.validation import user_password_matches
from audit.services import SYSTEM
from core.problems import ValidationFailed
from operations.tenant_owners import create_owner, reset_owner_password
from tenants.context import tenant_context
from tests.support.accounts.in_process_client import post_from_address, random_address
from tests.support.factories import Agency
from tests.support.http_client import BASE_DOMAIN, PASSWORD, Site

FLAG = "password_change_required"
OWN = "a phrase of one's own"


@pytest.fixture
def added(agency: Agency) -> str:
    """The address of a member that the owner added with a password."""
    email = f"m{secrets.token_hex(5)}@here.test"
    made = agency.owner.at.post("/api/users", {"email": email, "password": PASSWORD})
    assert made.status_code == 201
    return email


def logged_in(agency: Agency, email: str, password: str = PASSWORD) -> dict:
    body = {"email": email, "password": password}
    answer = post_from_address(agency.slug, "/api/auth/login", body, address=random_address())
    assert answer.status_code == 200
    return answer.json()


def call(agency: Agency, tokens: dict, path: str, body: dict | None = None):
    """Send a request to the site in this process; POST if there is a body."""
    headers = {
        "host": f"{agency.slug}.{BASE_DOMAIN}",
        "authorization": f"Bearer {tokens['access_token']}",
        "x-forwarded-for": random_address(),
    }
    if body is None:
        return Client().get(path, headers=headers)
    return Client().post(path, json.dumps(body), content_type="application/json", headers=headers)


def is_marked(agency: Agency, email: str) -> bool:
    with tenant_context(agency.ref):
        return User.objects.get(email=email).password_change_required


def test_password_chosen_by_an_owner_is_marked_and_works(agency: Agency, added: str) -> None:
    tokens = logged_in(agency, added)

    assert tokens[FLAG] is True
    assert call(agency, tokens, "/api/users/me").json()[FLAG] is True
    assert call(agency, tokens, "/api/files").status_code == 200


def test_own_password_is_not_marked(agency: Agency) -> None:
    assert FLAG not in logged_in(agency, agency.owner.email)
    assert FLAG not in agency.owner.at.get("/api/users/me").json()


def test_required_change_allows_only_the_change(agency: Agency, added: str, settings) -> None:
    settings.FIRST_PASSWORD_CHANGE = "required"
    tokens = logged_in(agency, added)

    for path in ("/api/files", "/api/directory", "/api/tenant"):
        refused = call(agency, tokens, path)
        assert refused.status_code in {403, 404}
        if refused.status_code == 403:
            assert refused.json()["code"] == FLAG
    assert call(agency, tokens, "/api/users/me").status_code == 200
    body = {"current_password": PASSWORD, "password": OWN}
    assert call(agency, tokens, "/api/auth/password/change", body).status_code == 204

    assert FLAG not in call(agency, tokens, "/api/users/me").json()
    assert call(agency, tokens, "/api/files").status_code == 200
    assert FLAG not in logged_in(agency, added, OWN)


def test_required_change_allows_log_out(agency: Agency, added: str, settings) -> None:
    settings.FIRST_PASSWORD_CHANGE = "required"

    assert call(agency, logged_in(agency, added), "/api/auth/logout", {}).status_code == 204


def test_reset_by_email_clears_the_mark(agency: Agency, added: str) -> None:
    with tenant_context(agency.ref):
        reset_password(token=link_for(added), password=OWN)

    assert not is_marked(agency, added)


def test_reset_by_email_to_the_given_password_is_refused(agency: Agency, added: str) -> None:
    with tenant_context(agency.ref):
        token = link_for(added)
        with pytest.raises(ValidationFailed) as refused:
            reset_password(token=token, password=PASSWORD)
        assert [(f.field, f.code) for f in refused.value.errors] == [("password", "same")]
        assert User.objects.get(email=added).password_change_required
        reset_password(token=token, password=OWN)  # the link is as good as before


def link_for(email: str) -> str:
    """Return the token of a link that sets the password of a user."""
    user, lifetime = User.objects.get(email=email), timedelta(hours=1)
    return create_email_token(
        MailLink.Purpose.RESET, email=user.email, lifetime=lifetime, user=user
    )


def test_owner_created_by_command_is_marked(site: Site) -> None:
    out, slug = io.StringIO(), f"x{secrets.token_hex(6)}"
    call_command("create_tenant", slug, "--owner", "o@here.test", "--json", stdout=out)
    made = json.loads(out.getvalue())

    body = {"email": "o@here.test", "password": made["password"]}
    answer = post_from_address(slug, "/api/auth/login", body, address=random_address())

    assert answer.json()[FLAG] is True


def test_owner_created_by_staff_is_marked(agency: Agency) -> None:
    create_owner(agency.ref, email="second@here.test", actor=SYSTEM)
    assert is_marked(agency, "second@here.test")

    email, password = reset_owner_password(agency.ref, actor=SYSTEM)

    assert is_marked(agency, email)
    with tenant_context(agency.ref):
        assert user_password_matches(User.objects.get(email=email), password)
