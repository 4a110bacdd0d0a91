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
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from rest_framework.utils.encoders import JSONEncoder

from accounts.actors import user_actor, user_target
from accounts.models import ApiKey, Authenticator, Invitation, MailLink, Session, User
from accounts.users.permissions import check_permission
from accounts.users.queries import get_user
from audit.models import AuditEvent
from audit.services import record
from core.text.formatting import timestamp

Row = dict[str, Any]


ExportSource = Callable[[User], Iterator[Row]]


SESSION_FIELDS = "id created_at last_used_at expires_at ended_at end_reason ip user_agent"


API_KEY_FIELDS = "id name scopes created_at expires_at last_used_at last_used_ip revoked_at"


INVITATION_FIELDS = "id email role language created_at expires_at max_uses uses revoked_at"


EMAIL_LINK_FIELDS = "id purpose email created_at expires_at used_at"


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


# What accounts and the audit trail know of a person, as rows of their export.


def export_sessions(person: User) -> Iterator[Row]:
    """Give the person's log-ins that are still known."""
    for row in iterate_rows(Session.objects.filter(user=person)):
        yield select_fields(row, SESSION_FIELDS)


def export_second_factors(person: User) -> Iterator[Row]:
    """Give the person's second factors, without what they are made of."""
    for row in iterate_rows(Authenticator.objects.filter(user=person)):
        yield select_fields(row, "id created_at confirmed_at")


def export_api_keys(person: User) -> Iterator[Row]:
    """Give the person's API keys, without anything of their text."""
    for row in iterate_rows(ApiKey.objects.filter(user=person)):
        yield select_fields(row, API_KEY_FIELDS)


def export_invitations(person: User) -> Iterator[Row]:
    """Give the invitations that the person sent."""
    for row in iterate_rows(Invitation.objects.filter(invited_by=person)):
        yield select_fields(row, INVITATION_FIELDS)


def export_email_links(person: User) -> Iterator[Row]:
    """Give the links that were mailed to the person."""
    for row in iterate_rows(MailLink.objects.filter(user=person)):
        yield select_fields(row, EMAIL_LINK_FIELDS)


def export_audit_events(person: User) -> Iterator[Row]:
    """Give what the person did, and what others did to them."""
    own = Q(actor_type="user", actor_id=str(person.pk))
    about = Q(target_type="user", target_id=str(person.pk))
    for event in iterate_rows(AuditEvent.objects.filter(own | about)):
        yield _redacted_event(event, person)


def _redacted_event(event: AuditEvent, person: User) -> Row:
    """Return an event as the person may see it: labels and addresses of others stay out."""
    myself = ("user", str(person.pk))
    mine = (event.actor_type, event.actor_id) == myself
    about_me = (event.target_type, event.target_id) == myself
    named = about_me or event.target_label == person.email or "@" not in event.target_label
    return {
        **select_fields(event, "id at action target_type target_id details request_id"),
        "actor": "you" if mine else event.actor_type,
        "ip": event.ip if mine else None,
        "user_agent": event.user_agent if mine else "",
        "target_label": event.target_label if named else "",
    }
