"""Addresses that were stored before the canonical form: rewritten, or kept and reported."""

import io
import json
import secrets
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Invitation, Letter, MailLink, User
from core.db_backend.scope import PUBLIC, use_scope
from staff.models import StaffUser
from tenants.context import tenant_context
from tests.support.factories import Agency, create_agency

TWIN, TWIN_CANONICAL = "twin@münchen.example", "twin@xn--mnchen-3ya.example"


@pytest.fixture(scope="module")
def agency(site) -> Agency:
    return create_agency(site, f"r{secrets.token_hex(5)}")


def migrate(app: str) -> None:
    module = import_module(f"{app}.migrations.0005_canonical_addresses")
    module.rewrite(None, SimpleNamespace(connection=connection))


def person(email: str) -> str:
    return str(User.objects.create(email=email, password="!").id)


def invitation(email: str, by: str, **fields: object) -> str:
    end = timezone.now() + timedelta(days=1)
    row = Invitation.objects.create(email=email, invited_by_id=by, expires_at=end, **fields)
    return str(row.id)


def letter(email: str) -> str:
    later = timezone.now() + timedelta(days=1)  # the stack's own mailer would take it
    row = Letter.objects.create(kind="password_reset", recipient=email, due_at=later)
    return str(row.id)


def link(email: str, user: str | None = None) -> str:
    end = timezone.now() + timedelta(days=1)
    fields = {"hash": secrets.token_bytes(32), "expires_at": end, "user_id": user}
    return str(MailLink.objects.create(purpose="verify", email=email, **fields).id)


def addresses(model, column: str, *ids: str) -> list[str]:
    found = {str(pk): value for pk, value in model.objects.values_list("pk", column)}
    return [found[pk] for pk in ids]


def report(*slugs: str) -> list[dict]:
    out = io.StringIO()
    try:
        call_command("check_email_addresses", *slugs, "--json", stdout=out)
    except CommandError as exc:
        assert "to look into" in str(exc)  # noqa: PT017
    return json.loads(out.getvalue())


def test_migration_rewrites_rows_and_keeps_those_that_collide(agency: Agency):
    with tenant_context(agency.ref):
        people = [
            person("x@faß.example"),
            person("v@p\u00adrobe.example"),
            person('"odd"@some.example'),
            person(unreachable := f"u@{'b' * 64}.example"),
            person(TWIN),
            person(TWIN_CANONICAL),
        ]
        links = [link("x@faß.example", people[0]), link(TWIN, people[4]), link("new@faß.example")]
        letters = [letter("x@faß.example"), letter(TWIN), letter("nobody@faß.example")]
        asked = [
            invitation("i@faß.example", agency.owner.id),
            invitation("j@faß.example", agency.owner.id),
            invitation("j@xn--fa-hia.example", agency.owner.id),
            invitation("j@FAß.example", agency.owner.id, revoked_at=timezone.now()),
        ]
        expected = [
            "x@xn--fa-hia.example",
            "v@probe.example",
            "odd@some.example",
            unreachable,
            TWIN,
            TWIN_CANONICAL,
        ]

        for _ in range(2):  # it is idempotent
            migrate("accounts")

            assert addresses(User, "email", *people) == expected
            kept_with_their_user = ["x@xn--fa-hia.example", TWIN, "new@xn--fa-hia.example"]
            assert addresses(MailLink, "email", *links) == kept_with_their_user
            sent_to = ["x@xn--fa-hia.example", TWIN, "nobody@xn--fa-hia.example"]
            assert addresses(Letter, "recipient", *letters) == sent_to
            assert addresses(Invitation, "email", *asked) == [
                "i@xn--fa-hia.example",
                "j@faß.example",
                "j@xn--fa-hia.example",
                "j@xn--fa-hia.example",
            ]
        Letter.objects.filter(pk__in=letters).delete()

    assert sorted((r["table"], r["id"], r["problem"]) for r in report(agency.slug)) == sorted(
        [
            ("user", people[3], "unreachable"),
            ("user", people[4], "collides"),
            ("invitation", asked[1], "collides"),
        ]
    )
    [twin] = [row for row in report(agency.slug) if row["id"] == people[4]]
    assert (twin["tenant"], twin["canonical"]) == (agency.slug, TWIN_CANONICAL)
    assert twin["collides_with"] == [people[5]]


def test_migration_of_canonical_rows_takes_one_statement(acme: Agency):
    with tenant_context(acme.ref), CaptureQueriesContext(connection) as queries:
        migrate("accounts")

    assert len([q for q in queries if "accounts_" in q["sql"]]) == 1


def test_migration_rewrites_staff_and_keeps_those_that_collide(site):
    names = [f"{secrets.token_hex(4)}{rest}" for rest in ("@faß.example", "@münchen.example")]
    alone, twin = names
    canonical = twin.replace("münchen", "xn--mnchen-3ya")
    with use_scope(PUBLIC):
        rows = [StaffUser.objects.create(email=email) for email in (alone, twin, canonical)]
    try:
        with use_scope(PUBLIC):
            migrate("staff")
            found = [StaffUser.objects.get(pk=row.pk).email for row in rows]
            by_name = [StaffUser.objects.get_by_natural_key(n).pk for n in (alone, twin, canonical)]
        assert found == [alone.replace("faß", "xn--fa-hia"), twin, canonical]
        assert by_name == [row.pk for row in rows]
        told = [row for row in report() if row["tenant"] is None]
        assert [(row["id"], row["problem"]) for row in told] == [(str(rows[1].pk), "collides")]
    finally:
        with use_scope(PUBLIC):
            StaffUser.objects.filter(pk__in=[row.pk for row in rows]).delete()
