"""Names: every entry point refuses invisible characters and normalises the others."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import User
from audit.services import SYSTEM
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import update_tenant
from tests.support.accounts.tokens import field_errors
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Site

HIDING = {
    "Ada\u202eexe": "direction_character",
    "Ada\r\nBcc: b@x.test": "control_character",
    "\u200b": "invisible_character",
}
PASSWORD = "a long enough secret"
PERSON = {"email": "name@entries.test", "password": PASSWORD, "first_name": "A", "last_name": "B"}
ENTRIES: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "person added": ("POST", "/api/users", {"email": "name@entries.test"}, "first_name"),
    "own profile": ("PATCH", "/api/users/me", {}, "last_name"),
    "key": ("POST", "/api/keys", {"scopes": ["files:read"]}, "name"),
    "workspace": ("PATCH", "/api/tenant", {}, "name"),
    "registration": ("POST", "/api/auth/register", PERSON, "first_name"),
}
SIGN_UP = {**PERSON, "company": "Entries", "subdomain": "never-made"}


@pytest.mark.parametrize("name", HIDING, ids=HIDING.values())
@pytest.mark.parametrize("entry", ENTRIES)
def test_hiding_name_is_refused_by_the_workspace(acme: Agency, entry: str, name: str):
    method, path, body, field = ENTRIES[entry]

    answer = acme.owner.at.request(method, path, json={**body, field: name})

    assert field_errors(answer) == {(field, HIDING[name])}
    assert answer.json()["errors"][0]["detail"].startswith("A name has no ")


@pytest.mark.parametrize("name", HIDING, ids=HIDING.values())
@pytest.mark.parametrize("field", ["company", "first_name"])
def test_hiding_name_is_refused_at_sign_up(site: Site, field: str, name: str):
    answer = site.host("").post("/api/auth/register", {**SIGN_UP, field: name})

    assert field_errors(answer) == {(field, HIDING[name])}


def test_hiding_name_is_shown_as_an_error_by_the_form(site: Site):
    answer = Browser(site, language="pt-BR").submit(
        "/signup", {**SIGN_UP, "company": "Ada\u202eexe"}
    )

    assert answer.status_code == 400
    assert "mudam a direção do texto" in answer.text


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("create_tenant", ["never-made", "--name", "A\u202eB", "--owner", "a@entries.test"]),
        (
            "create_tenant",
            ["never-made", "--first-name", "A\u202eB", "--owner", "a@entries.test"],
        ),
        (
            "create_staff",
            ["a@entries.test", "--generate-password", "--first-name", "A\u202eB"],
        ),
    ],
)
def test_hiding_name_is_refused_by_commands(site: Site, command: str, arguments: list[str]):
    with pytest.raises(CommandError, match="change the direction of text"):
        call_command(command, *arguments, stdout=StringIO())


def test_name_stored_under_an_older_rule_keeps_nothing_else_from_being_changed(acme: Agency):
    made = acme.owner.at.post("/api/users", {"email": "older@entries.test"}).json()
    with tenant_context(acme.ref):
        User.objects.filter(pk=made["id"]).update(first_name="Ada\u202eexe")
    with transaction.atomic():
        Tenant.objects.filter(pk=acme.ref.id).update(name="Acme\u200b")
        tenant = update_tenant(acme.ref.id, name="Acme\u200b", registration="open", actor=SYSTEM)
        transaction.set_rollback(True)

    changed = acme.owner.at.patch(f"/api/users/{made['id']}", {"role": "admin"})

    assert tenant.registration == "open"
    assert (changed.status_code, changed.json()["role"]) == (200, "admin")


def test_name_of_emoji_and_joiners_is_kept(acme: Agency):
    name = "می\u200cخواهم \U0001f468\u200d\U0001f469\u200d\U0001f467 क्\u200dष"  # noqa: RUF001
    before = acme.owner.at.get("/api/users/me").json()["first_name"]

    answer = acme.owner.at.patch("/api/users/me", {"first_name": f" {name} "})
    acme.owner.at.patch("/api/users/me", {"first_name": before})

    assert answer.json()["first_name"] == name


def test_list_of_parts_that_is_too_long_is_one_error(acme: Agency):
    upload = acme.owner.at.post("/api/uploads", {"name": "parts.bin", "size": 1}).json()
    path = f"/api/uploads/{upload['id']}"

    answer = acme.owner.at.post(f"{path}/complete", {"parts": [{"number": "x"}] * 40_000})
    fewer = acme.owner.at.post(f"{path}/complete", {"parts": [{"number": "x"}] * 200})
    acme.owner.at.delete(path)

    assert field_errors(answer) == {("parts", "max_length")}
    assert len(fewer.json()["errors"]) == 100
    assert fewer.json()["errors"][3]["field"] == "parts.3.number"
    assert "There are more" in fewer.json()["detail"]
