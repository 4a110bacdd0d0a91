"""Passwords of shares: hashed like user passwords, and throttled against guessing.

| limit | counted for | protects from |
|---|---|---|
| ``share_password`` | share and address | guesses from one address |
| ``share_password_total`` | share | guesses from many addresses |

Only failures count. A holder of the link can use up the second limit and so lock out others for an
hour; a user can create another link then. The second limit is not reported in headers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.problems import HashingBusy
from audit.services import ANONYMOUS, record
from core.crypto.passwords import verify_password
from core.rate_limits.limits import RateLimitUse, consume_all, refund
from core.request_context import limit_key, request_context
from files.models import Share
from files.problems import SharePasswordRequired, SharePasswordWrong
from files.shares.services import share_target
from tenants.context import current_tenant

MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 4, 256


def hash_share_password(password: str | None) -> str:
    """Return the hash of a share's password; "" for no password. Raises: HashingBusy."""
    return make_password(password) if password else ""


def check_share_password(share: Share, password: str | None) -> None:
    """Check the password of a share. Each failure writes an audit event.

    Raises: SharePasswordRequired, SharePasswordWrong, RateLimited, HashingBusy.
    """
    if not share.password:
        return
    if not password:
        raise SharePasswordRequired
    # JSON can contain a lone surrogate, which no password has.
    text = password.encode("utf-8", "replace").decode()
    with _throttle_guesses(share):
        if not verify_password(text, share.password, _rehash(share)):
            _reject(share)


def _reject(share: Share) -> None:
    with transaction.atomic():
        record(
            "share.refused",
            actor=ANONYMOUS,
            target=share_target(share),
            file=str(share.file_id),
            why="password",
        )
    raise SharePasswordWrong


def _rehash(share: Share) -> Callable[[str], None]:
    def store(password: str) -> None:
        """Store the same password under the current pepper."""
        with suppress(HashingBusy):  # the next correct password triggers it again
            same = Share.objects.filter(pk=share.pk, password=share.password)
            same.update(password=make_password(password))

    return store


@contextmanager
def _throttle_guesses(share: Share) -> Iterator[None]:
    """Consume the limits before the block, so that concurrent guesses cannot exceed them."""
    subject = (str(current_tenant().id), str(share.id))
    by_address = RateLimitUse(
        "share_password", (*subject, limit_key(request_context().client_address))
    )
    in_total = RateLimitUse("share_password_total", subject, quiet=True)
    consume_all(by_address, in_total)
    try:
        yield
    except SharePasswordWrong:
        raise
    except BaseException:
        refund(refunded=[by_address, in_total])
        raise
    refund(cleared=[by_address], refunded=[in_total])
