"""Commands for custom domains."""

import json
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.utils import timezone

from audit.services import SYSTEM
from tenants.domains.dns_proof import proof_record
from tenants.domains.services import (
    claim_domain,
    remove_domain,
)
from tenants.domains.verification import (
    expire_claims,
)
from tenants.models import Domain
from tests.support.name_server import SILENT
from tests.support.tenants.domains import proved
from tests.tenants.test_commands import run

ROOT = Path(__file__).resolve().parents[2]


# -- the command -----------------------------------------------------------------------------------
def test_command_covers_claim_check_list_and_release(make_tenant, zone, name: str):
    slug = make_tenant().slug
    told = json.loads(run("domains", "claim", slug, name, "--json"))
    assert told["record"]["name"] == f"_aggios-challenge.{name}"
    assert told["record"]["value"] in run("domains", "claim", slug, name)
    with pytest.raises(CommandError, match="not proved: nxdomain"):
        run("domains", "check", slug, name)

    zone.txt(told["record"]["name"], told["record"]["value"])

    assert "found; proved" in run("domains", "check", slug, name)
    [_, listed] = json.loads(run("domains", "list", slug, "--json"))
    assert (listed["domain"], listed["state"]) == (name, "proved")
    assert name in run("domains", "list")
    assert "(proved) would be released" in run("domains", "release", slug, name, "--dry-run")
    assert json.loads(run("domains", "release", slug, name, "--json")) == {"released": name}
    with pytest.raises(CommandError, match="no domain"):
        run("domains", "release", slug, name)


def test_check_all_covers_every_domain(make_tenant, zone, name: str):
    slug = make_tenant().slug
    claim = json.loads(run("domains", "claim", slug, name, "--json"))
    zone.txt(claim["record"]["name"], claim["record"]["value"])
    assert f"{name}: found" in run("domains", "check", "--all")

    zone.clear()
    assert name in run("domains", "check", "--all").rpartition("the record is gone: ")[2]
    zone.faults[claim["record"]["name"]] = "SERVFAIL"
    with pytest.raises(CommandError, match="could not be looked up"):
        run("domains", "check", "--all")
    assert Domain.objects.get(domain=name).verified_at
    run("domains", "release", slug, name)


def test_interrupted_check_exits_with_the_signal(make_tenant, zone, name: str):
    claim = claim_domain(make_tenant().id, name=name, actor=SYSTEM)
    asked = proof_record(claim).name
    zone.faults[asked] = SILENT
    command = [sys.executable, "manage.py", "domains", "check", "--all"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        while not any(asked in line for line in zone.asked):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Interrupted" in errors
    assert "Traceback" not in errors
    remove_domain(claim.pk, actor=SYSTEM)


def test_unverified_claims_expire(make_tenant, zone, name: str):
    tenant = make_tenant()
    kept = proved(zone, tenant.id, f"kept.{name}")
    old = claim_domain(tenant.id, name=name, actor=SYSTEM)
    long_ago = timezone.now() - timedelta(days=31)
    Domain.objects.filter(pk__in=[kept.pk, old.pk]).update(created_at=long_ago)

    assert expire_claims(actor=SYSTEM) == [name]

    assert not Domain.objects.filter(pk=old.pk).exists()
    assert Domain.objects.filter(pk=kept.pk).exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["claim", "{slug}", "nodot"],
        ["claim", "nobody-here", "a.example"],
        ["check"],
        ["check", "{slug}", "a.example"],
        ["release", "{slug}", "{slug}"],
    ],
)
def test_command_invalid_input_is_refused_in_one_line(make_tenant, arguments: list[str]):
    slug = make_tenant().slug

    with pytest.raises(CommandError) as caught:
        run("domains", *(argument.format(slug=slug) for argument in arguments))

    assert "\n" not in str(caught.value)
