"""Adding a row with a statement that Django compiles once in a process.

``Model.save`` compiles its INSERT anew each time, which takes longer than sending it. What is added
at every log-in (a session, an event of the record) is worth the exception; signals are not sent.
The text names no schema, so it serves every tenant.
"""

from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.models import Model, QuerySet
from django.db.models.sql import InsertQuery


def insert(row: Model) -> None:
    """Add a new row with its defaults and automatic times, as ``save(force_insert=True)`` does.

    Raises what the database raises, and RuntimeError for a model that needs more than one INSERT.
    """
    _send(row, _statement(type(row)))


def insert_ignoring_conflict(row: Model) -> bool:
    """Add a new row as ``insert`` does; return False if a unique value of it is taken.

    That is expected of what clients send, so it must not be an error of the database: its log would
    tell of the statement. It waits for others who add the same value at the same time.
    """
    return bool(_send(row, f"{_statement(type(row))} ON CONFLICT DO NOTHING"))


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
def _statement(model: type[Model]) -> str:
    fields = model._meta.local_concrete_fields
    query = InsertQuery(model)
    query.insert_values(fields, [_example(model)], raw=True)
    [(text, parameters)] = query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    plain = text.endswith(f"VALUES ({', '.join(['%s'] * len(fields))})")
    if not plain or len(parameters) != len(fields) or model._meta.parents:
        raise RuntimeError(f"The row needs more than its values: {text}")
    return str(text)


def _example(model: type[Model]) -> Any:
    """Return a row whose values are all None: only the text of its INSERT is of interest."""
    return model(**{field.attname: None for field in model._meta.local_concrete_fields})


# Deleting old rows a few at a time, with each new one of their kind: nobody needs a cron job.


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


def compiled_select(rows: QuerySet[Any], columns: list[str], parameter_count: int) -> str:
    """Return the SQL of a query, for a caller that caches it and reads the rows by hand.

    Raises: RuntimeError for other columns, another number of parameters, or a column that needs a
    conversion.
    """
    compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
    text, parameters = compiler.as_sql()
    expressions = [expression for expression, _, _ in compiler.select]
    read = [expression.target.attname for expression in expressions]
    if read != columns or len(parameters) != parameter_count:
        raise RuntimeError(f"The query has other columns or parameters: {text}")
    if compiler.get_converters(expressions):
        raise RuntimeError("A column needs a conversion that reading rows by hand leaves out.")
    return str(text)
