"""Idempotent requests: a repeated write with the same Idempotency-Key is done once.

The key is a row, inserted in the transaction that makes the change. A second request with the key
waits on the unique index for that row. If the first commits, the second returns its response; if
the first rolls back or its process is killed, the second does the work. A failed request stores
nothing, so it can be repeated with the same key.
"""

import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from core.api.identifiers import canonical_path
from core.db_backend.queries import delete_batch, insert_ignoring_conflict
from core.problems import IdempotencyConflict, IdempotentResultGone, NotFound, Problem
from core.request_context import request_context
from idempotency.keys import cipher, requested_key, secrets
from idempotency.models import Answer

PRUNE_BATCH_SIZE = 20
REPLAYED_HEADERS = ("Location", "ETag")
Action = Callable[[], Response]
Fingerprint = tuple[bytes, ...]
Recheck = Callable[[Any], object]


def fingerprint_of(*parts: object) -> Fingerprint:
    """Return digests of what makes two requests the same, one for each of ``secrets``.

    They are keyed, because a body may hold a password, and a plain digest in a stolen table could
    be used to guess it.
    """
    text = json.dumps(parts, default=str, sort_keys=True).encode()
    return tuple(hmac.digest(secret, text, "sha256") for secret in secrets())


def _accept_any(data: Any) -> None:
    """Allow every response to be replayed."""


def idempotent(
    request: Request,
    *,
    caller: str,
    fingerprint: Fingerprint,
    action: Action,
    recheck: Recheck = _accept_any,
) -> Response:
    """Return ``action()``, or the first response if the caller has used the key before.

    With a key, ``action`` runs in a transaction. ``recheck`` gets the body of the first response
    before it is replayed, and raises NotFound if its subject no longer exists: a response with a
    credential may be replayed only while the credential is valid.

    Raises: IdempotentResultGone (if ``recheck`` fails), IdempotencyConflict (if the key was used
    with another fingerprint), ValidationFailed (for an invalid key).
    """
    key = requested_key(request)
    if key is None:
        return action()
    key_hashes = _key_hashes(request, caller, key)
    with transaction.atomic():
        Answer.objects.filter(key_hash__in=key_hashes, created_at__lt=_expiry_cutoff()).delete()
        if (former := _find_by_former_secret(key_hashes)) is not None:
            return _replay(former, key, key_hashes, fingerprint, recheck)
        row = Answer(key_hash=key_hashes[0], fingerprint=fingerprint[0])
        # Concurrent requests with the key wait here for the first one.
        if not insert_ignoring_conflict(row):
            row = Answer.objects.get(key_hash=key_hashes[0])
            return _replay(row, key, key_hashes, fingerprint, recheck)
        response = action()
        row.status = response.status_code
        row.body = cipher(key, secrets()[0]).encrypt(_encode_response(response))
        row.save(update_fields=["status", "body"])
        _prune_expired()
    return response


def idempotent_prepared(
    request: Request,
    *,
    caller: str,
    fingerprint: Fingerprint,
    prepare: Callable[[], Action],
    recheck: Recheck = _accept_any,
) -> Response:
    """As ``idempotent``, for work of which a part runs outside the transaction (password hashing).

    ``prepare`` does that part and returns the rest. It is skipped if there is a response to replay.
    """

    def action() -> Response:
        return prepare()()

    if not _has_answer(request, caller):
        try:
            prepared = prepare()
        except Problem:
            # The first request may have caused this problem by its success; then replay it.
            if not _has_answer(request, caller):
                raise
        else:
            action = prepared
    return idempotent(
        request, caller=caller, fingerprint=fingerprint, action=action, recheck=recheck
    )


def _has_answer(request: Request, caller: str) -> bool:
    key = requested_key(request)
    if key is None:
        return False
    hashes = _key_hashes(request, caller, key)
    return Answer.objects.filter(key_hash__in=hashes, created_at__gte=_expiry_cutoff()).exists()


def _key_hashes(request: Request, caller: str, key: str) -> Fingerprint:
    # An API key is a separate caller from its user: it must not get a response for a session.
    api_key = [name] if (name := request_context().api_key) else []
    return fingerprint_of(caller, request.method, canonical_path(request), key, *api_key)


def _encode_response(response: Response) -> bytes:
    headers = {name: response[name] for name in REPLAYED_HEADERS if name in response}
    return json.dumps({"data": response.data, "headers": headers}, cls=JSONEncoder).encode()


def _find_by_former_secret(key_hashes: Fingerprint) -> Answer | None:
    """Return the stored response whose key was hashed with a former secret."""
    if len(key_hashes) == 1:
        return None
    return Answer.objects.filter(key_hash__in=key_hashes[1:]).first()


def _replay(
    row: Answer, key: str, key_hashes: Fingerprint, fingerprint: Fingerprint, recheck: Recheck
) -> Response:
    index = key_hashes.index(bytes(row.key_hash))  # of the secret that the row was stored with
    if bytes(row.fingerprint) != fingerprint[index]:
        raise IdempotencyConflict
    try:
        first = json.loads(cipher(key, secrets()[index]).decrypt(bytes(row.body)))
    except InvalidToken as exc:  # doing the work twice would be worse
        raise IdempotencyConflict("The first answer can no longer be read.") from exc
    try:
        recheck(first["data"])
    except NotFound as exc:
        raise IdempotentResultGone from exc
    headers = {**first["headers"], "Idempotency-Replayed": "true"}
    return Response(first["data"], status=row.status, headers=headers)


def _expiry_cutoff() -> datetime:
    cutoff: datetime = timezone.now() - settings.IDEMPOTENCY_LIFETIME
    return cutoff


def _prune_expired() -> None:
    """Delete a few expired rows with each new one, so that no cron job is needed."""
    expired = Answer.objects.filter(created_at__lt=_expiry_cutoff()).order_by("created_at")
    delete_batch(expired, PRUNE_BATCH_SIZE)
