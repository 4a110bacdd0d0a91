"""manage.py reconcile_storage: choice of tenants, output, and interruption."""

import io

import pytest
from django.core.management import CommandError, call_command

from tenants.models import Tenant
from tests.support.factories import Agency
from tests.support.files.consistency import assert_consistent, stored_sizes
from tests.support.files.direct_uploads import try_direct_upload
from tests.support.files.reconciliation import NO_GRACE, add_files, add_orphan, run_reconcile
from tests.support.http_client import Site
from tests.support.kill_at_call import run_killed


@pytest.fixture
def agency(new_agency) -> Agency:
    """An agency with three files, one of them in two versions."""
    return add_files(new_agency())


def test_killed_run_is_finished_by_the_next(agency: Agency):
    for _ in range(5):
        add_orphan(agency)
    command = ("reconcile_storage", "--tenant", agency.slug, "--fix", *NO_GRACE)

    run_killed("files.reconciliation.compare:delete_object", 3, *command)
    left = len(stored_sizes(agency))
    output = run_reconcile(agency, "--fix", *NO_GRACE)

    assert left == 4 + 3
    assert output["differences"]["orphan_objects"]["fixed"] == 3
    assert_consistent(agency)


def test_recently_compared_tenant_is_skipped(site: Site, agency: Agency):
    run_reconcile(agency)
    add_orphan(agency)
    out = io.StringIO()

    call_command(
        *("reconcile_storage", "--tenant", agency.slug, "--older-than", "3600", *NO_GRACE),
        stdout=out,
    )

    assert out.getvalue() == "0 compared, 0 differ.\n"
    assert try_direct_upload(site, agency.owner.at, "d.txt", b"d").status_code == 201


def test_exit_zero_ignores_differences(agency: Agency):
    add_orphan(agency)
    out = io.StringIO()

    call_command("reconcile_storage", "--tenant", agency.slug, *NO_GRACE, "--exit-zero", stdout=out)

    assert "1 DIFFERENCE," in out.getvalue()
    assert "1: objects that no row names" in out.getvalue()


def test_tenant_in_maintenance_is_not_compared(agency: Agency):
    Tenant.objects.filter(pk=agency.ref.id).update(maintenance="restoring")
    try:
        with pytest.raises(CommandError, match="is being worked on"):
            call_command("reconcile_storage", "--tenant", agency.slug)
    finally:
        Tenant.objects.filter(pk=agency.ref.id).update(maintenance="")


@pytest.mark.parametrize("wrong", [[], ["--tenant", "nobody-there"], ["--all", "--grace", "-1"]])
def test_wrong_usage_is_refused(committed: None, wrong: list[str]):
    with pytest.raises(CommandError):
        call_command("reconcile_storage", *wrong)
