"""A clone has the same rows with masked personal data, and one log-in."""

import json
import re

import pytest
from django.apps import apps
from django.core.management import CommandError

from accounts.models import Session, User
from operations.archives import masking as policy
from tenants.context import ref_of, tenant_context
from tenants.models import Tenant
from tenants.queries import tenant_by_slug
from tests.support.commands import run_command
from tests.support.factories import Agency
from tests.support.files.bucket import keys_under, stored_keys
from tests.support.files.form_uploads import add_file
from tests.support.http_client import PASSWORD, Site
from tests.support.pictures import png
from tests.support.table_dumps import dump_tables, object_digests
from tests.support.tenants.pg_catalog import describe_schema


@pytest.fixture
def original(tenant_to_delete: Agency) -> Agency:
    """An agency with users, sessions, a stored response, failed log-ins and personal file names."""
    at = tenant_to_delete.owner.at
    add_file(at, "Letter to Ada.Lovelace", b"dear Ada")
    add_file(at, "contract.pdf", b"%PDF", **{"Idempotency-Key": "remember-me"})
    tenant_to_delete.host.post(
        "/api/auth/login", {"email": "eve@elsewhere.test", "password": "wrong" * 3}
    )
    with tenant_context(tenant_to_delete.ref):
        User.objects.update(first_name="Augusta", last_name="Lovelace")
    return tenant_to_delete


def cloned(agency: Agency, *options: str) -> dict:
    return json.loads(
        run_command("clone_tenant", agency.slug, f"{agency.slug}-s", "--json", *options)
    )


def secrets_of(agency: Agency) -> set[bytes]:
    """Return the personal data and secrets that a clone must not hold, as in the text of COPY."""
    with tenant_context(agency.ref):
        people = list(User.objects.values_list("email", "password", "first_name", "last_name"))
        found = {text for person in people for text in person}
        for session in Session.objects.all():
            found |= {bytes(session.token_hash).hex(), str(session.id), session.ip}
            found.add(session.user_agent)
    words = {"eve@elsewhere.test", "Letter", "Lovelace", "contract", "httpx"}
    return {str(text).encode() for text in found | words if text}


def test_clone_has_the_preferences_of_the_original(original: Agency):
    chosen = {"language": "pt-br", "time_zone": "America/Sao_Paulo"}
    color = {"accent_color": "#ffd500"}
    original.owner.at.patch("/api/tenant", {"settings": {**chosen, **color}})
    original.owner.at.patch("/api/users/me", chosen)
    headers = {"Content-Type": "image/png"}
    original.owner.at.put("/api/tenant/logo", content=png(), headers=headers)

    clone = ref_of(tenant_by_slug(cloned(original)["slug"]))

    assert dict(clone.settings) == {**chosen, **color}  # without the logo
    assert keys_under(f"{clone.object_prefix}/logo/") == set()
    with tenant_context(clone):
        owners = User.objects.filter(role="owner")
        assert list(owners.values_list(*chosen)) == [tuple(chosen.values())]


def test_clone_holds_no_personal_data_and_no_secret(original: Agency, superuser):
    left_behind = secrets_of(original)
    everything = b"".join(dump_tables(original.slug).values())

    told = cloned(original)

    rows = dump_tables(told["slug"])
    text = b"".join(rows.values())
    assert len(left_behind) > 10
    assert all(secret in everything for secret in left_behind)
    assert [secret for secret in left_behind if secret in text] == []
    assert re.findall(rb"[\w.+-]+@[\w.-]+", text) == re.findall(
        rb"person-[0-9a-f-]{36}@example\.invalid", text
    )
    stay = {apps.get_model(m)._meta.db_table for m, rule in policy.RULES.items() if rule is None}
    assert {"accounts_session", "idempotency_answer", "files_upload"} < stay
    # The audit chain is not copied: the clone gets its own, over the masked rows.
    assert {t for t, r in rows.items() if not r} == stay - {"audit_auditlink"}
    counts = {t: r.count(b"\n") for t, r in dump_tables(original.slug).items()}
    grown = {"audit_auditevent": 1}  # the event of the new password
    for table in ("accounts_user", "audit_auditevent", "files_file", "files_fileversion"):
        assert rows[table].count(b"\n") == counts[table] + grown.get(table, 0)
    new = tenant_by_slug(told["slug"])
    assert new.cloned_from == original.ref.id
    assert describe_schema(superuser, new.schema_name) == describe_schema(
        superuser, original.ref.schema_name
    )


def test_clone_accepts_only_the_log_in_of_its_owner(original: Agency, site: Site):
    told = cloned(original)
    host = site.host(told["slug"])

    def log_in(email: str, password: str) -> int:
        return host.post("/api/auth/login", {"email": email, "password": password}).status_code

    with tenant_context_of(told["slug"]):
        emails = list(User.objects.values_list("email", flat=True))
    assert log_in(told["owner"], told["password"]) == 200
    assert {log_in(email, PASSWORD) for email in emails} == {401}
    assert log_in(original.owner.email, PASSWORD) == 401
    assert host.with_token(original.owner.access_token).get("/api/users/me").status_code == 401
    assert original.owner.at.get("/api/users/me").status_code == 200


def tenant_context_of(slug: str):
    from tenants.context import ref_of

    return tenant_context(ref_of(tenant_by_slug(slug)))


def test_clone_without_objects_has_no_files(original: Agency, site: Site):
    before = object_digests(tenant_by_slug(original.slug))

    told = cloned(original)
    without = json.loads(
        run_command(
            "clone_tenant", original.slug, f"{original.slug}-w", "--without-objects", "--json"
        )
    )

    assert object_digests(tenant_by_slug(told["slug"])) == before
    assert object_digests(tenant_by_slug(original.slug)) == before
    assert len(stored_keys(original)) == 4
    assert object_digests(tenant_by_slug(without["slug"])) == {}
    assert dump_tables(without["slug"])["files_file"] == b""
    host = site.host(without["slug"])
    login = host.post(
        "/api/auth/login", {"email": without["owner"], "password": without["password"]}
    )
    assert host.with_token(login.json()["access_token"]).get("/api/files").status_code == 200


def test_clone_with_the_option_keeps_file_names(original: Agency):
    told = cloned(original, "--keep-file-names")

    assert b"contract.pdf" in dump_tables(told["slug"])["files_file"]


def test_masking_rules_cover_every_model_and_field():
    assert policy.find_missing_rules() == []


@pytest.mark.parametrize("forgotten", ["accounts.User", "audit.AuditEvent"])
def test_model_without_a_rule_stops_the_clone(original: Agency, monkeypatch, forgotten: str):
    monkeypatch.delitem(policy.RULES, forgotten)

    with pytest.raises(CommandError, match=f"no rule .* {forgotten}"):
        cloned(original)

    assert not Tenant.objects.filter(domains__domain=f"{original.slug}-s").exists()


def test_field_without_a_rule_stops_the_clone(original: Agency, monkeypatch):
    fields = {n: m for n, m in policy.RULES["accounts.User"].items() if n != "last_name"}
    monkeypatch.setitem(policy.RULES, "accounts.User", fields)

    with pytest.raises(CommandError, match=r"accounts\.User\.last_name"):
        cloned(original)


def test_table_without_a_model_stops_the_clone(original: Agency, superuser):
    superuser.execute(f"CREATE TABLE {original.ref.schema_name}.stray (email text)")

    with pytest.raises(CommandError, match="stray"):
        cloned(original)

    clone = tenant_by_slug(f"{original.slug}-s")
    assert clone.maintenance == Tenant.Maintenance.CLONING
    superuser.execute(f"DROP TABLE {original.ref.schema_name}.stray")
    assert cloned(original)["id"] == str(clone.pk)


def test_unfinished_clone_is_not_served(original: Agency, superuser, site: Site):
    superuser.execute(f"CREATE TABLE {original.ref.schema_name}.stray (email text)")
    with pytest.raises(CommandError):
        cloned(original)

    answer = site.host(f"{original.slug}-s").get("/api/users/me")

    assert (answer.status_code, answer.json()["code"]) == (503, "tenant_unavailable")


def test_clone_under_a_taken_slug_is_refused(original: Agency, acme: Agency):
    with pytest.raises(CommandError, match="already"):
        run_command("clone_tenant", original.slug, acme.slug)
