"""Deleting old rows a few at a time, with each new one of their kind: nobody needs a cron job."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet


def delete_batch(rows: QuerySet[Any], at_once: int) -> int:
    """Delete the first few of some rows in one transaction; return how many of them.

    What somebody holds is left for the next time.
    """
    # A savepoint within somebody's transaction would cost two statements more.
    with transaction.atomic(savepoint=False):
        free = rows.select_for_update(skip_locked=True)
        if found := list(free.values_list("pk", flat=True)[:at_once]):
            rows.filter(pk__in=found).delete()
    return len(found)
