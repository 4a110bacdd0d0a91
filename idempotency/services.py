"""The same write asked for twice is done once.

The key is claimed by a row in the transaction that makes the change. A second request with the key
waits on that row's unique index; when the first commits it gets the first answer, when the first
rolls back or its process dies it does the work itself. Failed requests leave nothing, so they can
be tried again with the same key.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from core.api.identifiers import canonical_path
from core.db_backend.queries import delete_batch, insert_ignoring_conflict
from core.problems import (
    FieldError,
    IdempotencyConflict,
    IdempotentResultGone,
    NotFound,
    Problem,
    ValidationFailed,
)
from core.request_context import request_context
from idempotency.models import Answer

HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 255
REPLAYED_HEADERS = ("Location", "ETag")
PRUNE_BATCH_SIZE = 20
Fingerprint = tuple[bytes, ...]
Action = Callable[[], Response]
Recheck = Callable[[Any], object]


def fingerprint_of(*parts: object) -> Fingerprint:
    """Return digests of what makes two requests the same: one with each secret, as ``_secrets``.

    Keyed, because a body may hold a password and a plain digest in a stolen table could be guessed
    against.
    """
    text = json.dumps(parts, default=str, sort_keys=True).encode()
    return tuple(hmac.digest(secret, text, "sha256") for secret in _secrets())


def _accept_any(data: Any) -> None:
    """Repeat any answer."""


def idempotent(
    request: Request,
    *,
    caller: str,
    fingerprint: Fingerprint,
    act: Action,
    recheck: Recheck = _accept_any,
) -> Response:
    """Return ``act()``, or the first answer if this caller's Idempotency-Key was used before.

    Runs ``act`` in a transaction when there is a key. ``recheck`` is given what the first answer
    showed before it is repeated, and raises NotFound if that has ended since: an answer with a
    credential is to be repeated only while the credential is good. Raises IdempotentResultGone
    then, IdempotencyConflict when the key was used for a request with another fingerprint, and
    ValidationFailed for a key that is no key.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return act()
    _validate_key(key)
    key_hashes = _key_hashes(request, caller, key)
    with transaction.atomic():
        Answer.objects.filter(key_hash__in=key_hashes, created_at__lt=_expiry_cutoff()).delete()
        if (former := _find_by_former_secret(key_hashes)) is not None:
            return _replay(former, key, key_hashes, fingerprint, recheck)
        row = Answer(key_hash=key_hashes[0], fingerprint=fingerprint[0])
        if not insert_ignoring_conflict(
            row
        ):  # of requests at once the others wait here for the first
            row = Answer.objects.get(key_hash=key_hashes[0])
            return _replay(row, key, key_hashes, fingerprint, recheck)
        response = act()
        row.status = response.status_code
        row.body = _cipher(key, _secrets()[0]).encrypt(_encode_response(response))
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

    ``prepare`` does that part and returns the rest. It is left out where the answer is kept.
    """

    def act() -> Response:
        return prepare()()

    if not _has_answer(request, caller):
        try:
            prepared = prepare()
        except Problem:
            # Refused because the first request has done it meanwhile? Then that one's answer.
            if not _has_answer(request, caller):
                raise
        else:
            act = prepared
    return idempotent(request, caller=caller, fingerprint=fingerprint, act=act, recheck=recheck)


def _has_answer(request: Request, caller: str) -> bool:
    key = request.headers.get(HEADER)
    if key is None:
        return False
    _validate_key(key)
    hashes = _key_hashes(request, caller, key)
    return Answer.objects.filter(key_hash__in=hashes, created_at__gte=_expiry_cutoff()).exists()


def _key_hashes(request: Request, caller: str, key: str) -> Fingerprint:
    # An API key is another caller than its person: it must not be shown what a session was shown.
    by_key = [api_key] if (api_key := request_context().api_key) else []
    return fingerprint_of(caller, request.method, canonical_path(request), key, *by_key)


def _encode_response(response: Response) -> bytes:
    headers = {name: response[name] for name in REPLAYED_HEADERS if name in response}
    return json.dumps({"data": response.data, "headers": headers}, cls=JSONEncoder).encode()


def _validate_key(key: str) -> None:
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        fault = FieldError(HEADER, "invalid", f"Use 1 to {MAX_KEY_LENGTH} printable characters.")
        raise ValidationFailed(errors=[fault])


def _find_by_former_secret(key_hashes: Fingerprint) -> Answer | None:
    """Return an answer that was kept with a former secret."""
    if len(key_hashes) == 1:
        return None
    return Answer.objects.filter(key_hash__in=key_hashes[1:]).first()


def _replay(
    row: Answer, key: str, key_hashes: Fingerprint, fingerprint: Fingerprint, recheck: Recheck
) -> Response:
    made_with = key_hashes.index(bytes(row.key_hash))
    if bytes(row.fingerprint) != fingerprint[made_with]:
        raise IdempotencyConflict
    try:
        first = json.loads(_cipher(key, _secrets()[made_with]).decrypt(bytes(row.body)))
    except InvalidToken as exc:  # doing the work twice is worse
        raise IdempotencyConflict("The first answer can no longer be read.") from exc
    try:
        recheck(first["data"])
    except NotFound as exc:
        raise IdempotentResultGone from exc
    headers = {**first["headers"], "Idempotency-Replayed": "true"}
    return Response(first["data"], status=row.status, headers=headers)


def _secrets() -> list[bytes]:
    """Return the current secret and the former ones that are still told."""
    return [text.encode() for text in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _cipher(key: str, secret: bytes) -> Fernet:
    """Only who knows the caller's key and our secret can read the stored answer."""
    info = b"aggios:idempotency:" + key.encode()
    derived = HKDF(SHA256(), 32, salt=None, info=info).derive(secret)
    return Fernet(urlsafe_b64encode(derived))


def _expiry_cutoff() -> object:
    return timezone.now() - settings.IDEMPOTENCY_LIFETIME


def _prune_expired() -> None:
    """Take a few expired rows with each new one, so that nobody has to remember a cron job."""
    expired = Answer.objects.filter(created_at__lt=_expiry_cutoff()).order_by("created_at")
    delete_batch(expired, PRUNE_BATCH_SIZE)
