"""One way to name a tenant in all commands, and what a command says about an unknown name."""

import json
import secrets
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError
from django.utils import timezone

from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import TenantRef
from tenants.lookup import tenant_by_name
from tenants.models import Domain
from tenants.problems import TenantNotFound
from tenants.services import create_tenant
from tenants.subdomains import rename_subdomain
from tests.support.commands import run_command


def add_custom_domain(tenant: TenantRef, name: str, *, proved: bool) -> None:
    verified_at = timezone.now() if proved else None
    with use_scope(PUBLIC):
        Domain.objects.create(
            tenant_id=tenant.id,
            domain=name,
            kind=Domain.Kind.CUSTOM,
            is_primary=False,
            verified_at=verified_at,
        )


@pytest.mark.parametrize(
    "form",
    [
        "{slug}",
        " {upper} ",
        "{id}",
        "{id_upper}",
        "{schema}",
        "{slug}.{base}",
        "{slug}.{base}.",
        "{slug}.{base}:8080",
        "https://{slug}.{base}:8080/api/docs?x=1",
    ],
)
def test_tenant_is_found_by_every_form_of_its_name(make_tenant, form: str):
    tenant = make_tenant()

    named = form.format(
        slug=tenant.slug,
        upper=tenant.slug.upper(),
        id=tenant.id,
        id_upper=str(tenant.id).upper(),
        schema=tenant.schema_name,
        base=settings.BASE_DOMAIN,
    )

    assert tenant_by_name(named).pk == tenant.id


@pytest.mark.parametrize("name", ["files.{}.example", "büro-{}.example"])
def test_proved_custom_domain_names_its_tenant(make_tenant, name: str):
    tenant, name = make_tenant(), name.format(secrets.token_hex(4))
    stored = name if name.isascii() else name.encode("idna").decode()
    add_custom_domain(tenant, stored, proved=True)

    assert tenant_by_name(name).pk == tenant.id
    assert tenant_by_name(f"https://{name}/files").pk == tenant.id


def test_claimed_custom_domain_names_no_tenant(make_tenant):
    name = f"files.{secrets.token_hex(4)}.example"
    add_custom_domain(make_tenant(), name, proved=False)

    with pytest.raises(TenantNotFound, match="claimed, but not proved"):
        tenant_by_name(name)


def test_former_subdomain_is_refused_with_the_current_one(make_tenant):
    tenant, slug = make_tenant(), f"n{secrets.token_hex(6)}"
    rename_subdomain(tenant.id, subdomain=slug, redirect_days=3, actor=SYSTEM)

    with pytest.raises(TenantNotFound, match=f"called '{slug}' now"):
        tenant_by_name(tenant.slug)


def test_mistyped_subdomain_gets_the_closest_one(committed: None):
    slug = f"zyx-{secrets.token_hex(8)}"
    create_tenant(name="Made", subdomain=slug, actor=SYSTEM)

    with pytest.raises(CommandError, match=f"Did you mean {slug}") as caught:
        run_command("end_maintenance", f"{slug[:-1]}.{settings.BASE_DOMAIN}")

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "no-such-tenant-anywhere",
        "nowhere.example",
        "\u212aelvin",
        "ácme.example",
        "https://[::1",
        "00000000-0000-7000-8000-000000000000",
        "a" * 5000,
        "x\x1b[31m\n",
        "....",
        "' OR 1=1 --",
    ],
)
def test_unknown_name_is_refused_in_one_short_line(committed: None, name: str):
    with pytest.raises(CommandError, match="There is no tenant") as caught:
        run_command("end_maintenance", name)

    said = str(caught.value)
    assert "\n" not in said
    assert "\x1b" not in said
    assert len(said) < 300


@pytest.mark.parametrize(
    "command",
    [
        ["prune_sessions", "--dry-run"],
        ["purge_trash", "--dry-run"],
        ["reconcile_storage"],
        ["measure_usage"],
        ["check_email_addresses"],
        ["verify_audit"],
        ["purge_tenants", "--dry-run"],
        ["migrate_schemas", "--plan"],
    ],
    ids=lambda command: command[0],
)
def test_command_on_many_takes_names_of_every_form(make_tenant, command: list[str]):
    first, second = make_tenant(), make_tenant()
    host = f"{second.slug}.{settings.BASE_DOMAIN}"

    names = ["--tenant", str(first.id), "--tenant", host, "--tenant", second.slug]
    document = json.loads(run_command(*command, *names, "--json"))

    shown = json.dumps(document)
    expected = {"reconcile_storage": 2, "measure_usage": 2, "verify_audit": 2}
    if command[0] in expected:
        assert len(document) == expected[command[0]]
        assert first.slug in shown
    with pytest.raises(CommandError, match="There is no tenant"):
        run_command(*command, "--tenant", "no-such-tenant-anywhere")


@pytest.mark.parametrize("command", ["measure_usage", "check_email_addresses", "purge_tenants"])
def test_names_without_the_option_still_work(make_tenant, command: str):
    tenant = make_tenant()

    assert json.loads(run_command(command, tenant.slug, "--json")) is not None


@pytest.mark.parametrize("command", ["measure_usage", "reconcile_storage"])
def test_command_that_needs_names_refuses_none(committed: None, command: str):
    with pytest.raises(CommandError, match="--tenant, or give --all") as caught:
        run_command(command)

    assert caught.value.returncode == 2


@pytest.mark.parametrize("command", ["prune_sessions", "measure_usage", "verify_audit"])
def test_names_and_all_together_are_refused(make_tenant, command: str):
    with pytest.raises(CommandError, match="not both"):
        run_command(command, "--all", "--tenant", make_tenant().slug)


def test_erase_person_takes_its_tenant_in_both_forms(make_tenant):
    slug = make_tenant().slug
    for form in ([slug], ["--tenant", slug]):
        with pytest.raises(CommandError, match="no such user"):
            run_command("erase_person", *form, "--user", "no@one.test")
    for form in ([], [slug, "--tenant", slug]):
        with pytest.raises(CommandError, match="Name one tenant"):
            run_command("erase_person", *form, "--user", "no@one.test")


def test_expired_redirect_names_no_tenant(make_tenant):
    tenant, slug = make_tenant(), f"n{secrets.token_hex(6)}"
    rename_subdomain(tenant.id, subdomain=slug, redirect_days=3, actor=SYSTEM)
    with use_scope(PUBLIC):
        past = timezone.now() - timedelta(days=1)
        Domain.objects.filter(domain=tenant.slug).update(redirect_until=past)

    with pytest.raises(TenantNotFound):
        tenant_by_name(tenant.slug)
