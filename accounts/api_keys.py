"""API keys: created and revoked by managers, effective at once, shown once.

A key acts as the user who created it, while that user is active and manages the tenant. It may do
only what its scopes name. Only a keyed hash is stored (accounts/encryption.py). The key is random
enough that a slow hash is not needed.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.encryption import keyed_hash, keyed_hashes
from accounts.models import ApiKey, User
from accounts.problems import TokenExpired, TokenInvalid, TooManyKeys
from accounts.retention import prune
from accounts.users.permissions import lock_authorized_actor
from accounts.users.queries import user_actor
from audit.services import Actor, Target, record
from core.problems import NotFound
from core.request_context import request_context
from core.text.names import clean_name
from tenants.context import current_tenant
from tenants.credentials import new_api_key, tenant_id_in_api_key

HASH_PURPOSE = "api-key"
CREATE_ACTION, REVOKE_ACTION = "keys:create", "keys:revoke"
HINT_LENGTH = 4
MAX_NAME_LENGTH = 100
# Recording every use would cost a statement per request.
LAST_USED_INTERVAL = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class IssuedApiKey:
    """A new API key: its row and its text, which is shown once."""

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
    """Create a key that acts as ``actor``. The serializer has validated the other fields.

    Raises: ValidationFailed for the name; TooManyKeys; PermissionRefused and TokenInvalid if the
    actor has lost the right since the request began.
    """
    name = clean_name(name, field="name", max_length=MAX_NAME_LENGTH)
    text = new_api_key(current_tenant().id)
    with transaction.atomic():
        actor = lock_authorized_actor(CREATE_ACTION, actor)
        prune("api_keys", timezone.now())
        _require_below_limit(actor)
        row = ApiKey.objects.create(
            user=actor,
            name=name,
            hint=text[-HINT_LENGTH:],
            hash=keyed_hash(HASH_PURPOSE, text),
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
    """Check the limit of keys. The locked user row makes concurrent requests count one by one.

    Raises: TooManyKeys.
    """
    limit = settings.API_KEYS_PER_USER
    active = ApiKey.objects.filter(user=actor, revoked_at=None)
    if active.exclude(expires_at__lte=timezone.now()).count() >= limit:
        raise TooManyKeys(members={"limit": limit})


def revoke_api_key(key_id: uuid.UUID, *, actor: User, check: Callable[[ApiKey], None]) -> None:
    """Revoke a key from the next request on. ``check`` gets the locked row and may raise.

    Raises: NotFound (also if it was revoked before), PermissionRefused, TokenInvalid.
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
    """Revoke every key of the tenant and return the number.

    ``cause`` goes into the audit event.
    """
    with transaction.atomic():
        rows = ApiKey.objects.filter(revoked_at=None)
        count = rows.update(revoked_at=timezone.now())
        record("api_keys.revoked", actor=actor, cause=cause, count=count)
    return count


def unrevoked_api_keys() -> QuerySet[ApiKey]:
    """Return the keys that are not revoked, each with its user."""
    return ApiKey.objects.select_related("user").filter(revoked_at=None)


def get_api_key(key_id: uuid.UUID) -> ApiKey:
    """Return a key that is not revoked. Raises: NotFound."""
    found = unrevoked_api_keys().filter(pk=key_id).first()
    if found is None:
        raise NotFound
    return found


def authenticate_api_key(text: str) -> ApiKey:
    """Return the API key of a text, with its user, in one query.

    Raises: TokenExpired; TokenInvalid for every other invalid key.
    """
    if tenant_id_in_api_key(text) != current_tenant().id:
        raise TokenInvalid
    hashes = keyed_hashes(HASH_PURPOSE, text)
    row = unrevoked_api_keys().filter(hash__in=hashes).first()
    if row is None or not row.user.is_active or not row.user.manages:
        raise TokenInvalid
    now = timezone.now()
    if not row.is_valid_at(now):
        raise TokenExpired
    _update_last_used(row, now)
    return row


def _update_last_used(row: ApiKey, now: datetime) -> None:
    before = now - LAST_USED_INTERVAL
    if row.last_used_at is None or row.last_used_at <= before:
        stale = ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=before), pk=row.pk)
        stale.update(last_used_at=now, last_used_ip=request_context().client_address or None)


def api_key_target(row: ApiKey) -> Target:
    """Return an API key as the target of an audit event."""
    return Target("api_key", str(row.id), row.name)
