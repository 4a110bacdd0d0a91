"""Passwords of links: hashed as people's are, and counted against guessing.

| limit | counted for | what it stops |
|---|---|---|
| ``share_password`` | link and address | guessing from one address |
| ``share_password_total`` | link | guessing from many addresses |

Failures only. Whoever has a link can use the second one up and keep others from its password for an
hour; that takes the link, and another one can be made. It is not told in headers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.problems import HashingBusy
from audit.services import ANONYMOUS, record
from core.crypto.passwords import verify_password
from core.http.client_address import limit_key
from core.rate_limits.limits import RateLimitUse, consume_all, refund
from core.request_context import request_context
from files.models import Share
from files.problems import SharePasswordRequired, SharePasswordWrong
from files.shares.services import share_target
from tenants.context import current_tenant


def hash_share_password(password: str | None) -> str:
    """Return what is stored of a link's password; empty for none. Raises HashingBusy."""
    return make_password(password) if password else ""


def check_share_password(share: Share, given: str | None) -> None:
    """Raise SharePasswordRequired or SharePasswordWrong unless it is the link's password.

    Every wrong one is on record. Raises RateLimited, HashingBusy.
    """
    if not share.password:
        return
    if not given:
        raise SharePasswordRequired
    # Half a surrogate pair, which JSON can spell, is no text that anybody could have set.
    text = given.encode("utf-8", "replace").decode()
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
        with suppress(HashingBusy):  # whoever comes next does it
            same = Share.objects.filter(pk=share.pk, password=share.password)
            same.update(password=make_password(password))

    return store


@contextmanager
def _throttle_guesses(share: Share) -> Iterator[None]:
    """Count the block beforehand, so that guesses at once cannot all find room."""
    which = (str(current_tenant().id), str(share.id))
    here = RateLimitUse("share_password", (*which, limit_key(request_context().client_address)))
    anywhere = RateLimitUse("share_password_total", which, quiet=True)
    consume_all(here, anywhere)
    try:
        yield
    except SharePasswordWrong:
        raise
    except BaseException:
        refund(given_back=[here, anywhere])
        raise
    refund(cleared=[here], given_back=[anywhere])
