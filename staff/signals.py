"""Audit events for log-in, log-out and failed log-ins; the end of support accesses.

A support access ends with the role that it was granted to, in the same transaction.
"""

from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.contrib.sessions.models import Session
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from audit.services import ANONYMOUS, Target, record
from core.db_backend.queries import delete_batch
from core.text.email_addresses import address_key
from staff.actors import actor_of, target_of
from staff.models import StaffUser
from staff.sessions import start_session
from staff.support_access import end_lost_accesses

PRUNE_BATCH_SIZE = 20
RIGHTS_FIELDS = {"is_active", "is_superuser"}


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


@receiver(post_save, sender=StaffUser, dispatch_uid="staff.support_saved")
def _end_support_of_changed(created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    if not created and (update_fields is None or update_fields & RIGHTS_FIELDS):
        end_lost_accesses()


@receiver(post_delete, sender=StaffUser, dispatch_uid="staff.support_deleted")
@receiver(post_delete, sender=Group, dispatch_uid="staff.support_group_deleted")
def _end_support_of_deleted(**_: Any) -> None:
    end_lost_accesses()


@receiver(m2m_changed, sender=StaffUser.groups.through, dispatch_uid="staff.support_groups")
@receiver(
    m2m_changed, sender=StaffUser.user_permissions.through, dispatch_uid="staff.support_permissions"
)
@receiver(m2m_changed, sender=Group.permissions.through, dispatch_uid="staff.support_group_rights")
def _end_support_of_demoted(action: str, **_: Any) -> None:
    """End support accesses in the transaction in which a permission is taken away."""
    if action in {"post_remove", "post_clear"}:
        end_lost_accesses()
