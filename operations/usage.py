"""Measures tenants: rows and bytes in the database, objects in the store, failed e-mails."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.db import DatabaseError

from accounts.email.failures import count_failed_emails
from files.quota import measure_stored_objects
from files.usage import count_files
from tenants.context import ref_of, tenant_context
from tenants.models import Tenant, Usage
from tenants.usage import UsageTotals, count_rows, database_usage, query_timeouts, save_usage

BATCH_SIZE = 100
# As ``failed_mail`` lists them by default.
FAILED_EMAILS_WITHIN = timedelta(days=7)
Outcome = tuple[Tenant, Usage | DatabaseError]


def measure_tenants(tenants: Sequence[Tenant], *, exact: bool = False) -> Iterator[Outcome]:
    """Measure tenants and save the results; yield each tenant with its usage or its error.

    The catalogue is queried once for a hundred tenants; each statement has a timeout. ``exact``
    counts rows instead of using PostgreSQL's estimate.
    """
    for start in range(0, len(tenants), BATCH_SIZE):
        yield from _measure_batch(tenants[start : start + BATCH_SIZE], exact)


def _measure_batch(tenants: Sequence[Tenant], exact: bool) -> Iterator[Outcome]:
    databases = database_usage([tenant.schema_name for tenant in tenants])
    for tenant in tenants:
        try:
            yield (
                tenant,
                _measure(tenant, databases.get(tenant.schema_name, UsageTotals(0, 0)), exact),
            )
        except DatabaseError as exc:
            yield tenant, exc


def measure_tenant(tenant: Tenant, *, exact: bool = False) -> Usage:
    """Measure one tenant and save the result (``settings.TENANT_USAGE_MEASURER``).

    Each statement has a timeout. Raises: DatabaseError.
    """
    [(_, result)] = measure_tenants([tenant], exact=exact)
    if isinstance(result, DatabaseError):
        raise result
    return result


def _measure(tenant: Tenant, database: UsageTotals, exact: bool) -> Usage:
    ref = ref_of(tenant)
    if exact:
        database = UsageTotals(count_rows(ref), database.size)
    with tenant_context(ref), query_timeouts():
        objects, files = measure_stored_objects(), count_files()
        failed = count_failed_emails(given_up_within=FAILED_EMAILS_WITHIN)
    return save_usage(
        tenant.pk, database=database, objects=objects, files=files, failed_emails=failed
    )
