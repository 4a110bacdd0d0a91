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

from accounts.actors import user_actor, user_target
from accounts.models import User
from accounts.users.permissions import check_permission
from accounts.users.queries import get_user
from audit.services import record
from core.text.formatting import timestamp

Row = dict[str, Any]
ExportSource = Callable[[User], Iterator[Row]]
"""Gives what one room keeps of a person; named in ``settings.PERSONAL_DATA_SOURCES``."""
BATCH_SIZE = 200


def export_user(person_id: uuid.UUID, *, by: User) -> Iterator[bytes]:
    """Return the document about a person in parts, and put on record who asked for it.

    The parts are read from the database as they are asked for, each of which must happen inside of
    the tenant (tenants/context.py). Raises NotFound, PermissionRefused.
    """
    with transaction.atomic():
        person = get_user(person_id)
        check_permission("export", by, person)
        record("user.exported", actor=user_actor(by), target=user_target(person))
    return _document(person)


def iterate_rows(found: QuerySet[Any]) -> Iterator[Any]:
    """Give rows in the order of their keys, some hundreds a query, in no transaction."""
    page: list[Model] = list(found.order_by("pk")[:BATCH_SIZE])
    while page:
        yield from page
        page = list(found.filter(pk__gt=page[-1].pk).order_by("pk")[:BATCH_SIZE])


def _document(person: User) -> Iterator[bytes]:
    head = {"exported_at": timestamp(timezone.now()), "profile": user_profile(person)}
    yield _json(head)[:-1].encode()
    for name, path in settings.PERSONAL_DATA_SOURCES.items():
        source: ExportSource = import_string(path)
        yield f',"{name}":['.encode()
        yield from _parts(source(person))
        yield b"]"
    yield b"}\n"


def _parts(rows: Iterator[Row]) -> Iterator[bytes]:
    separator = ""
    while some := list(islice(rows, BATCH_SIZE)):
        yield (separator + ",".join(_json(row) for row in some)).encode()
        separator = ","


def _json(value: Any) -> str:
    return json.dumps(value, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":"))


def user_profile(person: User) -> Row:
    """Return what the row of a person says, but nothing of the password."""
    names = [field.name for field in User._meta.concrete_fields]
    return {
        name: serialize_value(getattr(person, name))
        for name in names
        if not name.startswith("password")
    }


def select_fields(row: Model, names: str) -> Row:
    """Return some fields of a row by name."""
    return {name: serialize_value(getattr(row, name)) for name in names.split()}


def serialize_value(value: Any) -> Any:
    """Return a value as the API writes it."""
    return timestamp(value) if hasattr(value, "isoformat") else value
