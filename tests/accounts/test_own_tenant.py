"""The own tenant: read and changed by its users."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from audit.models import AuditEvent
from core.db_backend.scope import PUBLIC, use_scope
from tenants.queries import tenant_by_slug
from tests.support.accounts.invitations import audit_events
from tests.support.accounts.second_factors import enrol_totp
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency, Person, add_member

TENANT = "/api/tenant"
DEFAULTS = {
    "session_idle_seconds": 0,
    "session_absolute_seconds": 0,
    "sessions_per_user": 50,
    "second_factor_roles": [],
    "email_verification": "off",
    "invitation_seconds": 7 * 86400,
    "sharing": "on",
    "language": "",
    "time_zone": "",
    "accent_color": "",
}


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency(company="Initech")


def public_events(agency: Agency) -> list[AuditEvent]:
    with use_scope(PUBLIC):
        rows = AuditEvent.objects.filter(action="tenant.updated", target_id=str(agency.ref.id))
        return list(rows.order_by("at", "id"))


def change(host, **changes):
    return host.patch(TENANT, json=changes)


def test_member_reads_the_tenant(acme: Agency, ben: Person):
    answer = ben.at.get(TENANT)

    shown = answer.json()
    assert (shown["id"], shown["subdomain"]) == (str(acme.ref.id), "acme")
    assert (shown["name"], shown["registration"]) == ("Acme", "closed")
    assert shown["settings"] == DEFAULTS
    assert shown["limits"]["file_max_bytes"] > 0
    assert shown["limits"]["storage_bytes"] == 1024**4
    assert shown["limits"]["storage_objects"] is None
    [name] = [row for row in shown["domains"] if row["is_primary"]]
    assert name["domain"] == "acme.aggios.localhost"
    assert "proof" not in name
    assert shown["usage"]["rows"] >= 2
    assert shown["usage"]["measured_at"].endswith("Z")
    assert shown["usage"]["requests"]["last_30_days"] >= 0
    assert shown["created_at"] <= shown["updated_at"]


def test_etag_covers_what_can_be_changed(agency: Agency):
    first = agency.owner.at.get(TENANT)
    tag = first.headers["ETag"]

    known = agency.owner.at.get(TENANT, headers={"If-None-Match": tag})
    changed = change(agency.owner.at, name="Other")
    stale = agency.owner.at.patch(TENANT, json={"name": "Third"}, headers={"If-Match": tag})

    assert (known.status_code, known.content) == (304, b"")
    assert changed.headers["ETag"] != tag
    assert status_and_code(stale) == (412, "precondition_failed")
    assert agency.owner.at.get(TENANT).json()["name"] == "Other"


def test_change_is_in_both_audit_trails(agency: Agency):
    changes = {
        "name": "  New   name ",
        "registration": "open",
        "settings": {"sessions_per_user": 3},
    }

    answer = change(agency.owner.at, **changes)

    shown = answer.json()
    assert (shown["name"], shown["registration"]) == ("New name", "open")
    assert shown["settings"] == {**DEFAULTS, "sessions_per_user": 3}
    wanted = {
        "name": {"from": "Initech", "to": "New name"},
        "registration": {"from": "closed", "to": "open"},
        "settings.sessions_per_user": {"from": None, "to": 3},
    }
    [own] = audit_events(agency, "tenant.updated")
    [public] = public_events(agency)
    assert (own.details["changes"], own.actor_label) == (wanted, agency.owner.email)
    assert (public.details["changes"], public.actor_id) == (wanted, agency.owner.id)
    assert public.actor_label == ""
    assert own.request_id == public.request_id == answer.headers["X-Request-ID"]


def test_unchanged_values_change_nothing(agency: Agency):
    before = agency.owner.at.get(TENANT).headers["ETag"]

    answer = change(agency.owner.at, name="Initech", registration="closed")

    assert answer.headers["ETag"] == before
    assert audit_events(agency, "tenant.updated") == []


def test_change_counts_from_the_next_request_in_every_process(agency: Agency):
    for name in (secrets.token_hex(4) for _ in range(5)):
        change(agency.owner.at, name=name)

        assert {agency.owner.at.get(TENANT).json()["name"] for _ in range(4)} == {name}
        assert name in agency.host.get("/", headers={"Accept": "text/html"}).text


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("session_idle_seconds", 299, "out_of_range"),
        ("session_absolute_seconds", 3599, "out_of_range"),
        ("session_absolute_seconds", "soon", "invalid"),
        ("sessions_per_user", 0, "min_value"),
        ("sessions_per_user", 1001, "max_value"),
        ("second_factor_roles", "owner", "not_a_list"),
        ("email_verification", "maybe", "invalid_choice"),
        ("invitation_seconds", 3599, "min_value"),
        ("invitation_seconds", 30 * 86400 + 1, "max_value"),
        ("invitation_seconds", None, "null"),
        ("sharing", "maybe", "invalid_choice"),
        ("colour", "blue", "unknown"),
    ],
)
def test_invalid_setting_is_named(acme: Agency, name: str, value: object, code: str):
    answer = change(acme.owner.at, settings={name: value})

    assert field_errors(answer) == {(f"settings.{name}", code)}
    assert acme.owner.at.get(TENANT).json()["settings"] == DEFAULTS


def test_unknown_role_is_refused(acme: Agency):
    answer = change(acme.owner.at, settings={"second_factor_roles": ["owner", "king"]})

    [(field, code)] = field_errors(answer)
    assert (field.startswith("settings.second_factor_roles"), code) == (True, "invalid_choice")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"name": "   "}, ("name", "blank")),
        ({"name": "x" * 121}, ("name", "invalid_length")),
        ({"registration": "ajar"}, ("registration", "invalid_choice")),
        ({"settings": []}, ("settings", "invalid")),
    ],
)
def test_invalid_change_changes_nothing(acme: Agency, body: dict, wrong: tuple):
    before = acme.owner.at.get(TENANT).headers["ETag"]

    answer = change(acme.owner.at, **body)

    assert answer.status_code == 400, answer.text
    assert wrong[0] in {field for field, _ in field_errors(answer)}
    assert acme.owner.at.get(TENANT).headers["ETag"] == before


def test_concurrent_changes_of_different_settings_both_survive(agency: Agency):
    wanted = {
        "session_idle_seconds": 600,
        "session_absolute_seconds": 7200,
        "sessions_per_user": 9,
        "invitation_seconds": 7200,
    }

    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda pair: change(agency.owner.at, settings=dict([pair])), wanted.items())
        )

    assert {answer.status_code for answer in answers} == {200}
    assert agency.owner.at.get(TENANT).json()["settings"] == {**DEFAULTS, **wanted}
    assert tenant_by_slug(agency.slug).settings == wanted


class TestWhoMay:
    """Members read; administrators change; only owners change the requirements for owners."""

    def test_member_cannot_change_the_tenant(self, acme: Agency, ben: Person):
        assert status_and_code(change(ben.at, name="Ben's")) == (403, "permission_denied")
        assert acme.owner.at.get(TENANT).json()["name"] == "Acme"

    @pytest.mark.parametrize(
        "settings", [{"second_factor_roles": ["owner"]}, {"email_verification": "required"}]
    )
    def test_administrator_cannot_change_rules_for_owners(self, agency: Agency, settings: dict):
        admin = add_member(agency, "adm@x.test", role="admin")

        refused = change(admin.at, settings={**settings, "sessions_per_user": 3})
        allowed = change(admin.at, settings={**DEFAULTS, "sessions_per_user": 4}, name="Admin's")

        assert status_and_code(refused) == (403, "permission_denied")
        assert (allowed.status_code, allowed.json()["name"]) == (200, "Admin's")
        assert allowed.json()["settings"] == {**DEFAULTS, "sessions_per_user": 4}


class TestRequirements:
    """A user who has yet to meet a requirement can log in and meet it."""

    def test_required_verification_is_enforced(self, agency: Agency, mailbox):
        asked = change(agency.owner.at, settings={"email_verification": "required"})
        shut = agency.owner.at.get(TENANT)
        mail = mailbox.wait_for(agency.owner.email, subject="Verify")
        verified = agency.host.post("/api/auth/email/verify", {"token": mail.token})

        assert asked.status_code == 200
        assert status_and_code(shut) == (403, "email_unverified")
        assert verified.status_code == 204
        assert agency.owner.at.get(TENANT).status_code == 200

    def test_required_second_factor_is_enforced(self, agency: Agency):
        asked = change(agency.owner.at, settings={"second_factor_roles": ["owner"]})

        assert asked.status_code == 200
        assert status_and_code(agency.owner.at.get(TENANT)) == (403, "second_factor_missing")
        enrol_totp(agency.owner)
        assert agency.owner.at.get(TENANT).status_code == 200
