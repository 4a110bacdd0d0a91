"""API keys: made and revoked by managers, good at once and dead at once, shown once.

A key acts as the person who made it, while that person is active and manages the workspace, and
does no more than its scopes name. Stored is a keyed hash (accounts/encryption.py): the text
is random enough that none has to be slow.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.actors import user_actor
from accounts.encryption import keyed_hash, keyed_hashes
from accounts.models import ApiKey, User
from accounts.problems import TokenExpired, TokenInvalid, TooManyKeys
from accounts.retention import prune_rows
from accounts.users.permissions import lock_authorized_actor
from audit.services import Actor, Target, record
from core.problems import NotFound
from core.request_context import request_context
from core.text.names import clean_name
from tenants.context import current_tenant
from tenants.credentials import new_api_key, tenant_id_in_api_key

PURPOSE = "api-key"
CREATE_ACTION, REVOKE_ACTION = "keys:create", "keys:revoke"
HINT_LENGTH = 4
MAX_NAME_LENGTH = 100
# Writing down each use would cost a statement each.
LAST_USED_INTERVAL = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class IssuedApiKey:
    """A new key: its row, and the text that is shown once."""

    row: ApiKey
    text: str


def issue_api_key(
    *,
    name: str,
    scopes: list[str],
    actor: User,
    expires_at: datetime | None = None,
    requests_per_minute: int | None = None,
) -> IssuedApiKey:
    """Make a key that acts as ``actor``. The fields have been checked (accounts/api/key_shapes).

    Raises ValidationFailed for the name, which is checked here too, TooManyKeys, and
    PermissionRefused and TokenInvalid for who lost the right to since they asked.
    """
    name = clean_name(name, field="name", max_length=MAX_NAME_LENGTH)
    text = new_api_key(current_tenant().id)
    with transaction.atomic():
        actor = lock_authorized_actor(CREATE_ACTION, actor)
        prune_rows("api_keys", timezone.now())
        _require_below_limit(actor)
        row = ApiKey.objects.create(
            user=actor,
            name=name,
            hint=text[-HINT_LENGTH:],
            hash=keyed_hash(PURPOSE, text),
            scopes=scopes,
            expires_at=expires_at,
            requests_per_minute=requests_per_minute,
        )
        expires = expires_at.isoformat() if expires_at else None
        record(
            "api_key.created",
            actor=user_actor(actor),
            target=api_key_target(row),
            scopes=scopes,
            expires_at=expires,
        )
    return IssuedApiKey(row, text)


def _require_below_limit(actor: User) -> None:
    """Raise TooManyKeys. The user's row is locked, so keys made at once are counted one by one."""
    most = settings.API_KEYS_PER_USER
    alive = ApiKey.objects.filter(user=actor, revoked_at=None)
    if alive.exclude(expires_at__lte=timezone.now()).count() >= most:
        raise TooManyKeys(members={"limit": most})


def revoke_api_key(key_id: uuid.UUID, *, actor: User, check: Callable[[ApiKey], None]) -> None:
    """End a key from the next request on. ``check`` sees the locked row and may raise.

    Raises NotFound, also for one that was revoked before, PermissionRefused and TokenInvalid.
    """
    with transaction.atomic():
        actor = lock_authorized_actor(REVOKE_ACTION, actor)
        row = unrevoked_api_keys().select_for_update(of=("self",)).filter(pk=key_id).first()
        if row is None:
            raise NotFound
        check(row)
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        record("api_key.revoked", actor=user_actor(actor), target=api_key_target(row))


def revoke_all_api_keys(*, actor: Actor, cause: str) -> int:
    """End every key of the tenant; return how many there were. ``cause`` goes into the record."""
    with transaction.atomic():
        living = ApiKey.objects.filter(revoked_at=None)
        count = living.update(revoked_at=timezone.now())
        record("api_keys.revoked", actor=actor, cause=cause, count=count)
    return count


def unrevoked_api_keys() -> QuerySet[ApiKey]:
    """Return the keys that have not been revoked, each with its person."""
    return ApiKey.objects.select_related("user").filter(revoked_at=None)


def get_api_key(key_id: uuid.UUID) -> ApiKey:
    """Return a key that has not been revoked. Raises NotFound."""
    found = unrevoked_api_keys().filter(pk=key_id).first()
    if found is None:
        raise NotFound
    return found


def authenticate_api_key(text: str) -> ApiKey:
    """Return the key that a text is, with its person loaded, in one query.

    Raises TokenExpired, and TokenInvalid for every other one that opens nothing here.
    """
    if tenant_id_in_api_key(text) != current_tenant().id:
        raise TokenInvalid
    hashes = keyed_hashes(PURPOSE, text)
    row = unrevoked_api_keys().filter(hash__in=hashes).first()
    if row is None or not row.user.is_active or not row.user.manages:
        raise TokenInvalid
    now = timezone.now()
    if not row.is_alive(now):
        raise TokenExpired
    _update_last_used(row, now)
    return row


def _update_last_used(row: ApiKey, now: datetime) -> None:
    before = now - LAST_USED_INTERVAL
    if row.last_used_at is None or row.last_used_at <= before:
        stale = ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=before), pk=row.pk)
        stale.update(last_used_at=now, last_used_ip=request_context().client_address or None)


def api_key_target(row: ApiKey) -> Target:
    """Return a key as an audit target."""
    return Target("api_key", str(row.id), row.name)
