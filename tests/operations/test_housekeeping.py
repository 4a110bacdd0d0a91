"""manage.py housekeep: runs every periodic task, one housekeeper at a time, until it is stopped."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command

from audit.services import SYSTEM
from operations.housekeeping import LOCK_ID
from tenants.lifecycle import schedule_deletion
from tenants.models import DeletionCertificate, Usage
from tests import stack
from tests.support.commands import run_command
from tests.support.factories import Agency

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 60
# The name server answers, so that the check of domains that other tests have claimed succeeds.
pytestmark = pytest.mark.usefixtures("zone")


@pytest.fixture
def due_agency(tenant_to_delete: Agency) -> Agency:
    """An agency whose deletion is due."""
    schedule_deletion(tenant_to_delete.ref.id, actor=SYSTEM, days=0)
    return tenant_to_delete


def certificates(tenant_id) -> int:
    return DeletionCertificate.objects.filter(tenant_id=tenant_id).count()


def test_housekeep_purges_due_tenants_and_measures_the_others(
    due_agency: Agency, acme: Agency, export_dir: Path
):
    gone, stays = due_agency.ref.id, acme.ref.id
    Usage.objects.filter(tenant_id=stays).delete()

    out = run_command("housekeep")

    assert certificates(gone) == 1
    assert len(list(export_dir.iterdir())) >= 1
    assert Usage.objects.filter(tenant_id=stays).exists()
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        "purge_tenants",
        "domains",
        "prune_sessions",
        "end_support_access",
        "purge_trash",
        "reconcile_storage",
        "measure_usage",
        "verify_audit",
    ]


def test_failed_task_does_not_stop_the_others(due_agency: Agency, acme: Agency, settings):
    settings.TENANT_EXPORT_DIR = None
    Usage.objects.filter(tenant_id=acme.ref.id).delete()

    with pytest.raises(CommandError, match="purge_tenants failed"):
        run_command("housekeep")

    assert certificates(due_agency.ref.id) == 0
    assert Usage.objects.filter(tenant_id=acme.ref.id).exists()
    call_command("delete_tenant", due_agency.slug, "--now", "--yes", "--no-export", verbosity=0)


def test_second_housekeeper_does_no_work(due_agency: Agency, export_dir: Path):
    gone = due_agency.ref.id
    with psycopg.connect(stack.env["DATABASE_OWNER_URL"], autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK_ID])
        assert "Another housekeeper is at work." in run_command("housekeep")
        assert certificates(gone) == 0
        other.execute("SELECT pg_advisory_unlock(%s)", [LOCK_ID])

    run_command("housekeep")
    assert certificates(gone) == 1


def test_housekeeper_runs_until_sigterm(due_agency: Agency, export_dir: Path, tmp_path: Path):
    gone = due_agency.ref.id
    env = {**os.environ, "TENANT_EXPORT_DIR": str(export_dir), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "housekeep"]

    def is_at_work() -> bool:
        check = [*command, "--check"]
        return not subprocess.run(check, check=False, cwd=ROOT, env=env).returncode

    assert not is_at_work()
    with subprocess.Popen(
        [*command, "--every", "3600"], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    ) as keeper:
        end = time.monotonic() + TIMEOUT_SECONDS
        while not certificates(gone) and time.monotonic() < end:
            time.sleep(0.2)
        assert is_at_work()
        keeper.send_signal(signal.SIGTERM)
        keeper.communicate(timeout=TIMEOUT_SECONDS)

    assert keeper.returncode == 0
    assert certificates(gone) == 1
