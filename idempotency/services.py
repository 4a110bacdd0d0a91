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
from core.database.deleting import delete_some
from core.db_backend.queries import insert_unless_taken
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
LONGEST = 255
REPEATED_HEADERS = ("Location", "ETag")
PRUNED_AT_ONCE = 20
Fingerprint = tuple[bytes, ...]
Act = Callable[[], Response]
Recheck = Callable[[Any], object]


def fingerprint_of(*parts: object) -> Fingerprint:
    """Return digests of what makes two requests the same: one with each secret, as ``_secrets``.

    Keyed, because a body may hold a password and a plain digest in a stolen table could be guessed
    against.
    """
    text = json.dumps(parts, default=str, sort_keys=True).encode()
    return tuple(hmac.digest(secret, text, "sha256") for secret in _secrets())


def _accept(data: Any) -> None:
    """Repeat any answer."""


def once(
    request: Request,
    *,
    caller: str,
    fingerprint: Fingerprint,
    act: Act,
    recheck: Recheck = _accept,
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
    _check(key)
    key_hashes = _hashes_of(request, caller, key)
    with transaction.atomic():
        Answer.objects.filter(key_hash__in=key_hashes, created_at__lt=_oldest()).delete()
        if (former := _former(key_hashes)) is not None:
            return _repeat(former, key, key_hashes, fingerprint, recheck)
        row = Answer(key_hash=key_hashes[0], fingerprint=fingerprint[0])
        if not insert_unless_taken(row):  # of requests at once the others wait here for the first
            row = Answer.objects.get(key_hash=key_hashes[0])
            return _repeat(row, key, key_hashes, fingerprint, recheck)
        response = act()
        row.status = response.status_code
        row.body = _cipher(key, _secrets()[0]).encrypt(_text_of(response))
        row.save(update_fields=["status", "body"])
        _prune()
    return response


def once_prepared(
    request: Request,
    *,
    caller: str,
    fingerprint: Fingerprint,
    prepare: Callable[[], Act],
    recheck: Recheck = _accept,
) -> Response:
    """As ``once``, for work of which a part is to hold no transaction, as hashing a password is.

    ``prepare`` does that part and returns the rest. It is left out where the answer is kept.
    """

    def act() -> Response:
        return prepare()()

    if not _is_kept(request, caller):
        try:
            prepared = prepare()
        except Problem:
            # Refused because the first request has done it meanwhile? Then that one's answer.
            if not _is_kept(request, caller):
                raise
        else:
            act = prepared
    return once(request, caller=caller, fingerprint=fingerprint, act=act, recheck=recheck)


def _is_kept(request: Request, caller: str) -> bool:
    key = request.headers.get(HEADER)
    if key is None:
        return False
    _check(key)
    hashes = _hashes_of(request, caller, key)
    return Answer.objects.filter(key_hash__in=hashes, created_at__gte=_oldest()).exists()


def _hashes_of(request: Request, caller: str, key: str) -> Fingerprint:
    # An API key is another caller than its person: it must not be shown what a session was shown.
    by_key = [api_key] if (api_key := request_context().api_key) else []
    return fingerprint_of(caller, request.method, canonical_path(request), key, *by_key)


def _text_of(response: Response) -> bytes:
    headers = {name: response[name] for name in REPEATED_HEADERS if name in response}
    return json.dumps({"data": response.data, "headers": headers}, cls=JSONEncoder).encode()


def _check(key: str) -> None:
    if not 1 <= len(key) <= LONGEST or not key.isprintable():
        fault = FieldError(HEADER, "invalid", f"Use 1 to {LONGEST} printable characters.")
        raise ValidationFailed(errors=[fault])


def _former(key_hashes: Fingerprint) -> Answer | None:
    """Return an answer that was kept with a former secret."""
    if len(key_hashes) == 1:
        return None
    return Answer.objects.filter(key_hash__in=key_hashes[1:]).first()


def _repeat(
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


def _oldest() -> object:
    return timezone.now() - settings.IDEMPOTENCY_LIFETIME


def _prune() -> None:
    """Take a few expired rows with each new one, so that nobody has to remember a cron job."""
    expired = Answer.objects.filter(created_at__lt=_oldest()).order_by("created_at")
    delete_some(expired, PRUNED_AT_ONCE)
