"""Language and time zone: of a user, and the defaults of a workspace."""

import json
from typing import Any

import pytest

from accounts.models import User
from accounts.users.preferences import user_language, user_time_zone
from core.request_context import RequestContext, use_request_context
from tenants.context import tenant_context
from tests.support.accounts.invitations import audit_events
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency, Person, add_member
from tests.support.http_client import Host

ME, TENANT = "/api/users/me", "/api/tenant"
CHOICE = {"language": "pt-br", "time_zone": "America/Sao_Paulo"}
HOSTILE = [
    "nowhere",
    "../../etc/passwd",
    "/etc/localtime",
    "localtime",
    "america/sao_paulo",
    "America/Sao_Paulo\n.",
    "Ámerica/São_Paulo",
    "\u202een",
    "en\u0000",
    "x" * 1_000_000,
    True,
    None,
    ["en"],
    {"en": 1},
]


def stored(agency: Agency, user_id: str) -> User:
    with tenant_context(agency.ref):
        return User.objects.get(pk=user_id)


def send(at: Host, path: str, body: Any) -> Any:
    """Send JSON that httpx would not encode, such as a lone surrogate."""
    headers = {"Content-Type": "application/json"}
    return at.patch(path, content=json.dumps(body).encode(), headers=headers)


def test_user_without_a_choice_has_empty_preferences(acme: Agency, ben: Person):
    body = ben.at.get(ME).json()

    assert (body["language"], body["time_zone"]) == ("", "")


def test_patch_changes_the_preferences_and_records_them(agency: Agency):
    before = agency.owner.at.get(ME)

    answer = agency.owner.at.patch(ME, {**CHOICE, "language": "pt-BR"})

    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in CHOICE} == CHOICE
    assert answer.headers["ETag"] != before.headers["ETag"]
    assert agency.owner.at.get(ME).json() == answer.json()
    row = stored(agency, agency.owner.id)
    assert (row.language, row.time_zone) == tuple(CHOICE.values())
    [event] = audit_events(agency, "user.updated")
    assert event.details == {"fields": ["language", "time_zone"]}
    assert event.target_id == event.actor_id == agency.owner.id


def test_same_preferences_change_nothing(agency: Agency):
    first = agency.owner.at.patch(ME, CHOICE)
    second = agency.owner.at.patch(ME, {**CHOICE, "language": "PT-br"})

    assert second.headers["ETag"] == first.headers["ETag"]
    assert len(audit_events(agency, "user.updated")) == 1


def test_empty_text_removes_a_choice(agency: Agency):
    agency.owner.at.patch(ME, CHOICE)

    answer = agency.owner.at.patch(ME, {"language": "", "time_zone": ""})

    assert (answer.json()["language"], answer.json()["time_zone"]) == ("", "")


def test_put_without_preferences_keeps_them(agency: Agency):
    agency.owner.at.patch(ME, CHOICE)

    answer = agency.owner.at.put(ME, {"first_name": "A", "last_name": "B"})

    assert {name: answer.json()[name] for name in CHOICE} == CHOICE


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("name", list(CHOICE))
def test_invalid_preference_is_refused_and_named(acme: Agency, ben: Person, name: str, value: Any):
    own = send(ben.at, ME, {name: value})
    default = send(acme.owner.at, TENANT, {"settings": {name: value}})

    assert {field for field, _ in field_errors(own)} == {name}
    assert {field for field, _ in field_errors(default)} == {f"settings.{name}"}
    assert len(own.content) + len(default.content) < 3000
    row = stored(acme, ben.id)
    assert (row.language, row.time_zone) == ("", "")
    assert not acme.ref.settings


def test_unknown_choice_has_a_stable_code(ben: Person):
    body = {"language": "de", "time_zone": "Mars/Olympus"}

    assert field_errors(ben.at.patch(ME, body)) == {
        ("language", "invalid_choice"),
        ("time_zone", "invalid_choice"),
    }


def test_stale_etag_changes_no_preference(agency: Agency):
    answer = agency.owner.at.patch(ME, CHOICE, headers={"If-Match": '"stale"'})

    assert status_and_code(answer) == (412, "precondition_failed")
    assert stored(agency, agency.owner.id).language == ""


def test_managers_do_not_choose_for_others(agency: Agency):
    member = add_member(agency, "m@here.test")

    answer = agency.owner.at.patch(f"/api/users/{member.id}", {**CHOICE, "first_name": "M"})

    assert answer.status_code == 200
    assert set(CHOICE).isdisjoint(answer.json())
    assert stored(agency, member.id).language == ""


def test_defaults_of_the_workspace_are_settings(agency: Agency, globex: Agency):
    answer = agency.owner.at.patch(TENANT, {"settings": {**CHOICE, "language": "pt-BR"}})

    assert answer.status_code == 200
    assert {name: answer.json()["settings"][name] for name in CHOICE} == CHOICE
    assert dict(agency.ref.settings) == CHOICE
    [event] = audit_events(agency, "tenant.updated")
    assert event.details["changes"] == {
        f"settings.{name}": {"from": None, "to": value} for name, value in CHOICE.items()
    }
    assert globex.owner.at.get(TENANT).json()["settings"]["language"] == ""


def test_member_cannot_change_the_defaults(agency: Agency):
    member = add_member(agency, "m@here.test")

    answer = member.at.patch(TENANT, {"settings": CHOICE})

    assert status_and_code(answer) == (403, "permission_denied")
    assert not agency.ref.settings


def test_user_language_and_time_zone_fall_back_in_order(agency: Agency):
    """The own choice, the workspace's default, the request's language and UTC."""
    user = stored(agency, agency.owner.id)
    with use_request_context(RequestContext(accept_language="pt;q=0.9, fr")):
        assert user_language(user, agency.ref) == "pt-br"
    assert (user_language(user, agency.ref), user_time_zone(user, agency.ref)) == ("en", "UTC")

    agency.owner.at.patch(TENANT, {"settings": CHOICE})
    assert (user_language(user, agency.ref), user_time_zone(None, agency.ref)) == (
        "pt-br",
        "America/Sao_Paulo",
    )

    agency.owner.at.patch(ME, {"language": "en", "time_zone": "Europe/Lisbon"})
    user = stored(agency, agency.owner.id)
    assert (user_language(user, agency.ref), user_time_zone(user, agency.ref)) == (
        "en",
        "Europe/Lisbon",
    )


def test_stored_value_that_is_unknown_counts_as_none(agency: Agency):
    """Of an archive that another program has written, or of other time zone data."""
    user = User(language="xx", time_zone="../../etc/passwd")

    assert (user_language(user, agency.ref), user_time_zone(user, agency.ref)) == ("en", "UTC")


def test_export_and_removal_cover_the_preferences(agency: Agency):
    member = add_member(agency, "m@here.test")
    member.at.patch(ME, CHOICE)

    profile = member.at.get("/api/users/me/export").json()["profile"]
    removed = agency.owner.at.delete(f"/api/users/{member.id}")

    assert {name: profile[name] for name in CHOICE} == CHOICE
    assert removed.status_code == 204
    row = stored(agency, member.id)
    assert (row.language, row.time_zone) == ("", "")


def test_openapi_describes_the_preferences(acme: Agency):
    schema = acme.host.get("/api/schema", headers={"Accept": "application/json"}).json()
    schemas = schema["components"]["schemas"]

    for name in ("OwnUser", "UpdateProfile", "TenantSettings"):
        assert set(CHOICE) <= set(schemas[name]["properties"]), name
    assert set(CHOICE).isdisjoint(schemas["UpdateProfile"].get("required", []))
