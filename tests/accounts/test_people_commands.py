"""manage.py list_people and invite."""

import json

import pytest
from django.core.management import CommandError

from accounts.models import Invitation, Letter, User
from audit.models import AuditEvent
from audit.services import SYSTEM
from tenants.context import TenantRef, tenant_context
from tenants.lifecycle import suspend_tenant
from tests.support.commands import run_command
from tests.support.factories import Agency, add_member
from tests.support.http_client import PASSWORD
from tests.support.mailbox import Mailbox


def names(*arguments: str) -> list[str]:
    return [
        person["email"] for person in json.loads(run_command("list_people", *arguments, "--json"))
    ]


@pytest.fixture
def people(make_tenant) -> TenantRef:
    tenant = make_tenant()
    with tenant_context(tenant):
        for email, first, role, active in (
            ("ada@people.test", "Ada", "owner", True),
            ("zoe@people.test", "Zoë İpek", "admin", True),
            ("jo@people.test", "João", "member", False),
        ):
            User.objects.create(
                email=email, password="!", first_name=first, role=role, is_active=active
            )
    return tenant


def test_people_are_filtered_by_role_state_and_text(people: TenantRef):
    assert set(names(people.slug)) == {"ada@people.test", "zoe@people.test", "jo@people.test"}
    assert names(people.slug, "--role", "admin") == ["zoe@people.test"]
    assert names(people.slug, "--state", "inactive") == ["jo@people.test"]
    assert names(people.slug, "--q", "JOÃO") == ["jo@people.test"]
    assert names(people.slug, "--q", "zoë i") == ["zoe@people.test"]
    assert names(people.slug, "--q", "%") == []
    assert len(names(people.slug, "--limit", "1")) == 1


def test_table_of_people_counts_in_the_right_number(people: TenantRef):
    assert "1 person" in run_command("list_people", people.slug, "--role", "owner")
    assert "3 people, the newest 2" in run_command("list_people", people.slug, "--limit", "2")


def test_people_of_another_tenant_and_removed_ones_are_not_listed(people: TenantRef, one):
    assert names(one.slug) == ["only@one.test"]
    assert "password" not in run_command("list_people", people.slug, "--json")


@pytest.mark.parametrize(
    "arguments", [["--role", "king"], ["--state", "asleep"], ["--q", "x" * 300]]
)
def test_unknown_filter_is_refused(people: TenantRef, arguments: list[str]):
    with pytest.raises(CommandError):
        run_command("list_people", people.slug, *arguments)


def test_invited_person_joins_with_the_role(
    agency: Agency, globex: Agency, mailbox: Mailbox, fresh_limits: None
):
    document = json.loads(
        run_command(
            "invite",
            agency.slug,
            "Owner@New.test",
            "--role",
            "owner",
            "--language",
            "pt-br",
            "--json",
        )
    )

    assert document["email"] == "owner@new.test"
    assert "token" not in json.dumps(document)
    mail = mailbox.wait_for("owner@new.test")
    assert mail.message["Content-Language"] == "pt-br"
    joined = agency.host.post(
        "/api/auth/register",
        {
            "email": "owner@new.test",
            "password": PASSWORD,
            "first_name": "Nova",
            "last_name": "",
            "invitation": mail.token,
        },
    )
    assert joined.status_code == 201, joined.text
    assert joined.json()["user"]["role"] == "owner"
    with tenant_context(agency.ref):
        [created] = AuditEvent.objects.filter(action="invitation.created")
        assert (created.actor_type, created.target_label) == ("system", "owner@new.test")
    with tenant_context(globex.ref):
        assert not Invitation.objects.filter(email="owner@new.test").exists()


def test_platform_invitation_is_shown_without_inviter_and_can_be_revoked(agency: Agency):
    run_command("invite", agency.slug, "guest@new.test")

    [shown] = agency.owner.at.get("/api/invitations").json()["results"]

    assert (shown["invited_by"], shown["state"]) == (None, "pending")
    assert agency.owner.at.delete(f"/api/invitations/{shown['id']}").status_code == 204


def test_platform_invitation_outlives_its_tenants_users(agency: Agency):
    ben = add_member(agency, "ben@new.test", role="owner")
    run_command("invite", agency.slug, "guest@new.test")

    with tenant_context(agency.ref):
        User.objects.filter(pk=agency.owner.id).update(is_active=False)
    [shown] = ben.at.get("/api/invitations").json()["results"]

    assert shown["state"] == "pending"


def test_second_invitation_replaces_the_first(agency: Agency):
    first = json.loads(run_command("invite", agency.slug, "guest@new.test", "--json"))
    run_command("invite", agency.slug, "GUEST@new.test", "--role", "admin")

    with tenant_context(agency.ref):
        rows = Invitation.objects.filter(email="guest@new.test").order_by("created_at")
        assert [(row.role, row.revoked_at is None) for row in rows] == [
            ("member", False),
            ("admin", True),
        ]
        assert str(rows[0].pk) == first["id"]
        [revoked] = AuditEvent.objects.filter(action="invitation.revoked")
        assert revoked.actor_type == "system"


def test_invitation_of_a_known_address_says_so(agency: Agency):
    out = run_command("invite", agency.slug, agency.owner.email)

    assert "There is an account with this address" in out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["no-address"], "valid e-mail address"),
        (["jo\u00ebl@new.test"], "look-alike"),
        (["a@b.test", "--role", "king"], "invalid choice"),
        (["a@b.test", "--language", "xx"], "invalid choice"),
    ],
)
def test_invalid_invitation_is_refused(make_tenant, arguments: list[str], why: str):
    tenant = make_tenant()

    with pytest.raises(CommandError, match=why):
        run_command("invite", tenant.slug, *arguments)

    with tenant_context(tenant):
        assert not Invitation.objects.exists()
        assert not Letter.objects.exists()


def test_invitation_into_a_suspended_tenant_names_the_next_command(make_tenant):
    tenant = make_tenant()
    suspend_tenant(tenant.id, actor=SYSTEM, reason="Unpaid.")

    with pytest.raises(CommandError, match=r"Unpaid\. To serve it again: manage\.py resume_tenant"):
        run_command("invite", tenant.slug, "a@b.test")
