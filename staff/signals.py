"""Audit events for log-in, log-out and failed log-ins."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from audit.services import ANONYMOUS, Target, record
from core.db_backend.queries import delete_batch
from core.text.email_addresses import address_key
from staff.actors import actor_of, target_of
from staff.models import StaffUser
from staff.sessions import start_session

PRUNE_BATCH_SIZE = 20


@receiver(user_logged_in, dispatch_uid="staff.logged_in")
def _logged_in(user: StaffUser, request: HttpRequest, **_: Any) -> None:
    start_session(request.session)
    record("staff.logged_in", actor=actor_of(user), target=target_of(user))
    _prune()


def _prune() -> None:
    """Delete a few expired sessions with each new one, so that no cron job is needed."""
    delete_batch(Session.objects.filter(expire_date__lt=timezone.now()), PRUNE_BATCH_SIZE)


@receiver(user_logged_out, dispatch_uid="staff.logged_out")
def _logged_out(user: StaffUser | None, **_: Any) -> None:
    if user is not None:
        record("staff.logged_out", actor=actor_of(user), target=target_of(user))


@receiver(user_login_failed, dispatch_uid="staff.login_failed")
def _login_failed(credentials: dict[str, Any], **_: Any) -> None:
    email = address_key(str(credentials.get("username", "")))
    record("staff.login_refused", actor=ANONYMOUS, target=Target("staff", "", email))
