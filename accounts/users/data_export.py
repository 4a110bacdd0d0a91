"""Export of all personal data of one user (GDPR, articles 15 and 20).

The result is one JSON document that is generated while it is sent, so its memory use does not grow
with the data. It holds no secret and no hash, and of other users only that they took part.
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

from accounts.models import ApiKey, Authenticator, Invitation, MailLink, Session, User
from accounts.users.permissions import check_permission
from accounts.users.queries import get_user, user_actor, user_target
from audit.models import AuditEvent
from audit.services import record
from core.text.normalization import timestamp

Row = dict[str, Any]
ExportSource = Callable[[User], Iterator[Row]]
"""Yields what one app stores of a user; named in ``settings.PERSONAL_DATA_SOURCES``."""
SESSION_FIELDS = "id created_at last_used_at expires_at ended_at end_reason ip user_agent"
API_KEY_FIELDS = "id name scopes created_at expires_at last_used_at last_used_ip revoked_at"
INVITATION_FIELDS = "id email role language created_at expires_at max_uses uses revoked_at"
EMAIL_LINK_FIELDS = "id purpose email created_at expires_at used_at"

BATCH_SIZE = 200


def export_user(user_id: uuid.UUID, *, by: User) -> Iterator[bytes]:
    """Return the document about a user in parts, and record the export in the audit trail.

    The parts are read from the database while they are sent, which must happen inside the tenant
    (tenants/context.py).

    Raises: NotFound, PermissionRefused.
    """
    with transaction.atomic():
        user = get_user(user_id)
        check_permission("export", by, user)
        record("user.exported", actor=user_actor(by), target=user_target(user))
    return _document(user)


def iterate_rows(found: QuerySet[Any]) -> Iterator[Any]:
    """Yield rows in the order of their keys, one query per batch, outside a transaction."""
    page: list[Model] = list(found.order_by("pk")[:BATCH_SIZE])
    while page:
        yield from page
        page = list(found.filter(pk__gt=page[-1].pk).order_by("pk")[:BATCH_SIZE])


def _document(user: User) -> Iterator[bytes]:
    head = {"exported_at": timestamp(timezone.now()), "profile": user_profile(user)}
    yield _json(head)[:-1].encode()
    for name, path in settings.PERSONAL_DATA_SOURCES.items():
        source: ExportSource = import_string(path)
        yield f',"{name}":['.encode()
        yield from _parts(source(user))
        yield b"]"
    yield b"}\n"


def _parts(rows: Iterator[Row]) -> Iterator[bytes]:
    separator = ""
    while some := list(islice(rows, BATCH_SIZE)):
        yield (separator + ",".join(_json(row) for row in some)).encode()
        separator = ","


def _json(value: Any) -> str:
    return json.dumps(value, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":"))


def user_profile(user: User) -> Row:
    """Return the fields of a user's row except the password."""
    names = [field.name for field in User._meta.concrete_fields]
    return {
        name: serialize_value(getattr(user, name))
        for name in names
        if not name.startswith("password")
    }


def select_fields(row: Model, names: str) -> Row:
    """Return some fields of a row by name."""
    return {name: serialize_value(getattr(row, name)) for name in names.split()}


def serialize_value(value: Any) -> Any:
    """Return a value in the form of the API."""
    return timestamp(value) if hasattr(value, "isoformat") else value


def export_sessions(user: User) -> Iterator[Row]:
    """Yield the user's stored sessions."""
    for row in iterate_rows(Session.objects.filter(user=user)):
        yield select_fields(row, SESSION_FIELDS)


def export_second_factors(user: User) -> Iterator[Row]:
    """Yield the user's second factors without their secrets."""
    for row in iterate_rows(Authenticator.objects.filter(user=user)):
        yield select_fields(row, "id created_at confirmed_at")


def export_api_keys(user: User) -> Iterator[Row]:
    """Yield the user's API keys without their text."""
    for row in iterate_rows(ApiKey.objects.filter(user=user)):
        yield select_fields(row, API_KEY_FIELDS)


def export_invitations(user: User) -> Iterator[Row]:
    """Yield the invitations that the user sent."""
    for row in iterate_rows(Invitation.objects.filter(invited_by=user)):
        yield select_fields(row, INVITATION_FIELDS)


def export_email_links(user: User) -> Iterator[Row]:
    """Yield the e-mail tokens that were sent to the user."""
    for row in iterate_rows(MailLink.objects.filter(user=user)):
        yield select_fields(row, EMAIL_LINK_FIELDS)


def export_audit_events(user: User) -> Iterator[Row]:
    """Yield the audit events in which the user is actor or target."""
    own = Q(actor_type="user", actor_id=str(user.pk))
    about = Q(target_type="user", target_id=str(user.pk))
    for event in iterate_rows(AuditEvent.objects.filter(own | about)):
        yield _redacted_event(event, user)


def _redacted_event(event: AuditEvent, user: User) -> Row:
    """Return an event as the user may see it: without labels and addresses of other users."""
    myself = ("user", str(user.pk))
    mine = (event.actor_type, event.actor_id) == myself
    about_me = (event.target_type, event.target_id) == myself
    named = about_me or event.target_label == user.email or "@" not in event.target_label
    return {
        **select_fields(event, "id at action target_type target_id details request_id"),
        "actor": "you" if mine else event.actor_type,
        "ip": event.ip if mine else None,
        "user_agent": event.user_agent if mine else "",
        "target_label": event.target_label if named else "",
    }
