"""Statements that Django compiles once per process, and deleting old rows in batches.

``Model.save`` and querysets compile their SQL on each call, which takes longer than sending it. For
the rows of every request and log-in (sessions, audit events) the text is compiled once. It names no
schema, so it serves every tenant. Signals are not sent.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import Model, QuerySet
from django.db.models.sql import InsertQuery


def insert(row: Model) -> None:
    """Insert a row with its defaults and automatic times, as ``save(force_insert=True)`` does.

    Raises: RuntimeError for a model that needs more than one INSERT, and database errors.
    """
    _send(row, _insert_sql(type(row)))


def insert_ignoring_conflict(row: Model) -> bool:
    """Insert a row like ``insert``; return False if one of its unique values is taken.

    A conflict is expected here, so it must not become a database error: PostgreSQL would log the
    statement. The statement waits for concurrent transactions that insert the same value.
    """
    return bool(_send(row, f"{_insert_sql(type(row))} ON CONFLICT DO NOTHING"))


def compiled_select(rows: QuerySet[Any], columns: Sequence[str], parameter_count: int) -> str:
    """Return the SQL of a queryset, to be cached and run with ``cursor.execute``.

    Rows are read without the ORM, so the query must select exactly ``columns`` (attribute names),
    and no column may need a conversion. Raises: RuntimeError otherwise.
    """
    compiler = rows.order_by().query.get_compiler(DEFAULT_DB_ALIAS)
    text, parameters = compiler.as_sql()
    selected = [expression for expression, _, _ in compiler.select]
    names = [column.target.attname for column in selected]
    if names != list(columns) or len(parameters) != parameter_count:
        raise RuntimeError(f"The query has other columns or parameters: {text}")
    if compiler.get_converters(selected):
        raise RuntimeError(f"A column needs a conversion: {text}")
    return str(text)


def delete_batch(rows: QuerySet[Any], batch_size: int) -> int:
    """Delete up to ``batch_size`` rows in one transaction; return how many were deleted.

    Called whenever a row of the kind is added, so no cron job is needed. Locked rows are skipped.
    """
    # Inside another transaction, a savepoint would cost two statements more.
    with transaction.atomic(savepoint=False):
        unlocked = rows.select_for_update(skip_locked=True)
        if found := list(unlocked.values_list("pk", flat=True)[:batch_size]):
            rows.filter(pk__in=found).delete()
    return len(found)


def _send(row: Model, statement: str) -> int:
    fields = row._meta.local_concrete_fields
    values = [f.get_db_prep_save(f.pre_save(row, add=True), connection) for f in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        added: int = cursor.rowcount
    if added:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return added


@cache
def _insert_sql(model: type[Model]) -> str:
    fields = model._meta.local_concrete_fields
    query = InsertQuery(model)
    query.insert_values(fields, [_empty_row(model)], raw=True)
    [(text, parameters)] = query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    plain = text.endswith(f"VALUES ({', '.join(['%s'] * len(fields))})")
    if not plain or len(parameters) != len(fields) or model._meta.parents:
        raise RuntimeError(f"The INSERT has more than the row's values: {text}")
    return str(text)


def _empty_row(model: type[Model]) -> Any:
    """Return a row of which all values are None; only the text of its INSERT is used."""
    return model(**{field.attname: None for field in model._meta.local_concrete_fields})
