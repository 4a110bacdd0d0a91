"""All that is kept of one person, for that person (GDPR, articles 15 and 20).

One JSON document, made while it is sent, so that it takes the same memory however long somebody has
been here. It holds no secret and no hash, and of others nothing but that they took part.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from rest_framework.utils.encoders import JSONEncoder

from accounts.actors import actor_of, target_of
from accounts.models import User
from accounts.users.permissions import require_may
from accounts.users.queries import readable_person
from audit.services import record
from core.text.formatting import timestamp

Row = dict[str, Any]
Source = Callable[[User], Iterator[Row]]
"""Gives what one room keeps of a person; named in ``settings.PERSONAL_DATA_SOURCES``."""
ROWS_AT_ONCE = 200


def personal_data(person_id: uuid.UUID, *, by: User) -> Iterator[bytes]:
    """Return the document about a person in parts, and put on record who asked for it.

    The parts are read from the database as they are asked for, each of which must happen inside of
    the tenant (tenants/streaming.py). Raises NotFound, PermissionRefused.
    """
    with transaction.atomic():
        person = readable_person(person_id)
        require_may("export", by, person)
        record("user.exported", actor=actor_of(by), target=target_of(person))
    return _document(person)


def rows_of(found: QuerySet[Any]) -> Iterator[Any]:
    """Give rows in the order of their keys, some hundreds a query, in no transaction."""
    page: list[Model] = list(found.order_by("pk")[:ROWS_AT_ONCE])
    while page:
        yield from page
        page = list(found.filter(pk__gt=page[-1].pk).order_by("pk")[:ROWS_AT_ONCE])


def _document(person: User) -> Iterator[bytes]:
    head = {"exported_at": timestamp(timezone.now()), "profile": profile_of(person)}
    yield _text(head)[:-1].encode()
    for name, path in settings.PERSONAL_DATA_SOURCES.items():
        source: Source = import_string(path)
        yield f',"{name}":['.encode()
        yield from _parts(source(person))
        yield b"]"
    yield b"}\n"


def _parts(rows: Iterator[Row]) -> Iterator[bytes]:
    separator = ""
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield (separator + ",".join(_text(row) for row in some)).encode()
        separator = ","


def _text(value: Any) -> str:
    return json.dumps(value, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":"))


def profile_of(person: User) -> Row:
    """Return what the row of a person says, but nothing of the password."""
    names = [field.name for field in User._meta.concrete_fields]
    return {name: shown(getattr(person, name)) for name in names if not name.startswith("password")}


def fields_of(row: Model, names: str) -> Row:
    """Return some fields of a row by name."""
    return {name: shown(getattr(row, name)) for name in names.split()}


def shown(value: Any) -> Any:
    """Return a value as the API writes it."""
    return timestamp(value) if hasattr(value, "isoformat") else value
