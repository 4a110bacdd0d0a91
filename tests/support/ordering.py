"""The order of the tests. With several workers, long modules begin first."""

import random
from itertools import groupby

import pytest
from xdist.scheduler import LoadFileScheduling

# A worker takes the next module when it has finished one, so a long module at the end keeps one
# worker busy alone. In order of measured time; modules whose commands visit every tenant of the
# database stand first, because few tenants exist then. scripts/test.sh shows the slowest tests.
LONGEST = (
    "tests/isolation/test_audit.py",
    "tests/operations/test_housekeeping.py",
    "tests/files/test_trash_purge.py",
    "tests/mail/test_delivery_retries.py",
    "tests/mail/test_enumeration.py",
    "tests/mail/test_delivery.py",
    "tests/mail/test_mailer.py",
    "tests/mail/test_deliver_mail_command.py",
    "tests/browser/test_every_page.py",
    "tests/browser/test_broken_upload_journey.py",
    "tests/browser/test_main_path.py",
    "tests/pages/test_hostile_requests.py",
    "tests/pages/test_hostile_pages.py",
    "tests/pages/test_forged_forms.py",
    "tests/files/test_upload_verification.py",
    "tests/files/test_storage_doctor.py",
    "tests/files/test_reconciliation.py",
    "tests/staff/test_usage.py",
    "tests/audit/test_chain.py",
    "tests/mail/test_email_rate_limits.py",
    "tests/mail/test_reset.py",
    "tests/mail/test_registration.py",
    "tests/mail/test_verification.py",
    "tests/audit/test_verification.py",
    "tests/accounts/test_retention.py",
    "tests/accounts/test_session_retention.py",
    "tests/files/test_reconcile_command.py",
    "tests/operations/test_storage_accounting.py",
    "tests/operations/test_interrupted_runs.py",
    "tests/fleet/test_migrate_schemas.py",
    "tests/bench/test_benchmarks.py",
    "tests/admin/test_hostile_queries.py",
    "tests/operations/test_archive_round_trip.py",
    "tests/accounts/test_enumeration.py",
    "tests/isolation/test_audit_detection.py",
    "tests/devstack/test_command.py",
    "tests/files/test_permissions.py",
    "tests/operations/test_clone.py",
    "tests/accounts/test_brute_force.py",
    "tests/core/test_health.py",
    "tests/resilience/test_upload_process_kill.py",
    "tests/resilience/test_process_kill.py",
    "tests/core/test_slow_clients.py",
    "tests/bench/test_attack.py",
    "tests/core/test_request_body_limits.py",
    "tests/resilience/test_database_hang.py",
    "tests/structure/test_route_matrix.py",
    "tests/tenants/test_rename.py",
    "tests/tenants/test_custom_domains.py",
    "tests/production/test_availability.py",
)
# One worker runs all modules of these folders: they share servers that start slowly.
TOGETHER = ("tests/devstack/", "tests/fleet/")


class ModuleScheduling(LoadFileScheduling):
    """Gives a worker of pytest-xdist one module at a time, or one folder of TOGETHER."""

    def _split_scope(self, nodeid: str) -> str:
        folders = (folder for folder in TOGETHER if nodeid.startswith(folder))
        return next(folders, super()._split_scope(nodeid))


def arrange_items(items: list[pytest.Item], seed: str | None) -> None:
    """Put the longest modules first, or shuffle modules and the tests of each with a seed."""
    modules = [list(of_one) for _, of_one in groupby(items, key=_module)]
    if seed is None:
        modules.sort(key=lambda of_one: _rank(_module(of_one[0])))
    else:
        order = random.Random(seed)
        order.shuffle(modules)
        for of_one in modules:
            order.shuffle(of_one)
    items[:] = [item for of_one in modules for item in of_one]


def _module(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _rank(module: str) -> int:
    return LONGEST.index(module) if module in LONGEST else len(LONGEST)
