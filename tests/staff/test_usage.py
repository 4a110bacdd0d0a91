"""Usage of tenants: measured, shown, and never another tenant's."""

import io
import json
import secrets
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.services import SYSTEM, record
from operations.usage import measure_tenant, measure_tenants
from tenants.context import tenant_context
from tenants.models import Tenant, Usage
from tenants.queries import tenant_by_slug
from tenants.schemas.owner import owner_connection
from tenants.usage import count_rows, database_usage, last_usage, tenants_to_measure
from tests.staff.test_tenants import at
from tests.support.factories import Agency
from tests.support.http_client import Host
from tests.support.mail.outbox import wait_for_mail

FIELDS = "rows database_bytes objects object_bytes measured_at rows_are_exact requests"


def upload(agency: Agency, name: str, size: int) -> None:
    files = {"file": (name, secrets.token_bytes(size))}
    assert agency.owner.at.post("/api/files", files=files).status_code == 201


def test_usage_counts_only_own_rows_and_objects(staff_superuser: Host, new_agency) -> None:
    agency, other = new_agency(), new_agency()
    upload(agency, "a.bin", 1000)
    upload(agency, "a.bin", 500)
    upload(agency, "b.bin", 24)

    body = staff_superuser.get(f"{at(agency)}/usage?exact=true").json()
    others = staff_superuser.get(f"{at(other)}/usage?exact=true").json()

    assert set(body) == set(FIELDS.split())
    assert (body["objects"], body["object_bytes"]) == (3, 1524)
    assert (others["objects"], others["object_bytes"]) == (0, 0)
    assert body["rows_are_exact"] is True
    assert body["rows"] == count_rows(agency.ref)
    assert body["rows"] > others["rows"] > 0
    assert body["database_bytes"] >= others["database_bytes"] > 100_000
    assert staff_superuser.get(at(agency)).json()["usage"]["object_bytes"] == 1524


def test_exact_usage_counts_every_row(new_agency) -> None:
    agency = new_agency()
    wait_for_mail(agency)
    before = count_rows(agency.ref)
    with tenant_context(agency.ref), transaction.atomic():
        for _ in range(7):
            record("test.row", actor=SYSTEM)

    assert count_rows(agency.ref) == before + 7 * 2  # each event has a link of the chain


def test_estimate_of_many_tenants_is_one_query(new_agency) -> None:
    schemas = [new_agency().ref.schema_name for _ in range(3)]

    with CaptureQueriesContext(connection) as seen:
        found = database_usage([*schemas, "t_" + "e" * 32])

    asked = [query["sql"] for query in seen if "pg_class" in query["sql"]]
    assert len(asked) == 1
    assert set(found) == set(schemas)
    assert all(use.size > 100_000 for use in found.values())


def test_measurement_is_reused_for_five_minutes(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()
    first = staff_superuser.get(f"{at(agency)}/usage").json()
    upload(agency, "a.bin", 10)

    second = staff_superuser.get(f"{at(agency)}/usage").json()
    old = timezone.now() - timedelta(minutes=6)
    Usage.objects.filter(pk=agency.ref.id).update(measured_at=old)
    third = staff_superuser.get(f"{at(agency)}/usage").json()

    assert second["measured_at"] == first["measured_at"]
    assert (second["objects"], third["objects"]) == (0, 1)
    assert third["rows_are_exact"] is False


def test_locked_table_does_not_delay_response(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()
    before = staff_superuser.get(f"{at(agency)}/usage").json()
    owner = owner_connection()
    with transaction.atomic(using=owner.alias), owner.cursor() as cursor:
        cursor.execute(f'LOCK TABLE "{agency.ref.schema_name}".files_file IN ACCESS EXCLUSIVE MODE')
        during = staff_superuser.get(f"{at(agency)}/usage?exact=true")

    assert during.status_code == 200
    assert during.json()["rows_are_exact"] is False
    assert during.json()["measured_at"] == before["measured_at"]


def test_command_measures_named_tenants(new_agency) -> None:
    agency, out = new_agency(), io.StringIO()
    upload(agency, "a.bin", 77)

    call_command("measure_usage", agency.slug, "--json", stdout=out)

    [told] = json.loads(out.getvalue())
    assert (told["subdomain"], told["objects"], told["object_bytes"]) == (agency.slug, 1, 77)
    kept = last_usage(agency.ref.id)
    assert (kept.objects_held, kept.rows) == (1, told["rows"])


def test_interrupted_run_resumes(new_agency) -> None:
    for _ in range(3):
        new_agency()
    hour_ago = timezone.now() - timedelta(hours=1)
    due = list(tenants_to_measure(hour_ago))
    measured = measure_tenants(due)

    done = next(measured)[0]
    measured.close()
    left = list(tenants_to_measure(hour_ago))
    out = io.StringIO()
    call_command("measure_usage", "--all", "--older-than", "3600", stdout=out)

    assert left == [tenant for tenant in due if tenant != done]
    assert f"{len(left)} tenants measured." in out.getvalue()
    assert not tenants_to_measure(hour_ago).exists()


def test_failed_tenant_does_not_stop_others(make_broken, new_agency) -> None:
    broken, agency, err = make_broken(), new_agency(), io.StringIO()

    with pytest.raises(CommandError, match="1 could not be measured"):
        call_command("measure_usage", broken, agency.slug, stdout=io.StringIO(), stderr=err)

    assert broken in err.getvalue()
    assert last_usage(agency.ref.id) is not None


@pytest.fixture
def make_broken(new_agency):
    """Create a tenant whose schema cannot be read; it is repaired afterwards."""
    broken = []

    def make() -> str:
        agency = new_agency()
        ref = agency.ref
        broken.append((ref.id, ref.schema_name))
        Tenant.objects.filter(pk=ref.id).update(schema_name="t_" + "f" * 32)
        return agency.slug

    yield make
    for pk, schema in broken:
        Tenant.objects.filter(pk=pk).update(schema_name=schema)


@pytest.mark.parametrize("arguments", [[], ["acme", "--all"], ["nobody-is-here"]])
def test_invalid_arguments_are_refused(acme: Agency, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("measure_usage", *arguments)


def test_tenant_deleted_during_run_is_reported(new_agency) -> None:
    tenant = tenant_by_slug(new_agency().slug)
    measure_tenant(tenant)
    ghost = Tenant(schema_name=tenant.schema_name, object_prefix=tenant.object_prefix, name="Gone")

    [(_, outcome)] = measure_tenants([ghost])

    assert isinstance(outcome, Exception)
    assert connection.is_usable()
