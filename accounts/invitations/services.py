"""Asking people in: by mail, which one address may use once, or by a link that several may use."""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actors import user_actor
from accounts.email.outbox import enqueue_email
from accounts.invitations.queries import (
    ACCEPTED,
    PENDING,
    find_invitation_by_token,
    get_invitation,
    hash_invitation_token,
    invitation_state,
    lock_invitation,
)
from accounts.models import Invitation, User
from accounts.problems import InvitationClosed
from accounts.retention import prune_rows
from accounts.tenant_policy import current_policy
from accounts.users.creation import validate_user
from accounts.users.permissions import check_permission, lock_authorized_actor
from audit.services import Target, record
from core.db_backend.queries import insert_ignoring_conflict
from core.http.language import preferred_language
from core.problems import NotFound
from core.request_context import request_context
from core.text.email_addresses import canonical_address

Check = Callable[[Invitation], None]
WRITE_ACTION = "invitations:write"
TOKEN_BYTES = 32
# Each failed try is somebody else's success, so it is as many as ask for one address at once.
MAX_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """An invitation, with its token if whoever asked is to hand it on."""

    invitation: Invitation
    token: str = ""


class _InvitedConcurrently(Exception):  # noqa: N818 - it is no error
    """Another request has made the open invitation of this address."""


def invite(*, email: str, role: str, actor: User) -> IssuedInvitation:
    """Ask one address in by mail. What was open for that address before is revoked.

    Whether somebody has an account there is looked at while the letter is sent, so asking is the
    same work for every address. Of several who ask for one address at once the last stays. Raises
    PermissionRefused and ValidationFailed.
    """
    address = canonical_address(email)
    validate_user(User(email=address))  # an address that nobody could join with
    for _ in range(MAX_ATTEMPTS):
        try:
            with transaction.atomic():
                return IssuedInvitation(
                    get_invitation(_create_email_invitation(address, role, actor).pk)
                )
        except _InvitedConcurrently:  # the other's has been committed; the next round finds it
            continue
    raise InvitationClosed


def _create_email_invitation(address: str, role: str, by: User) -> Invitation:
    actor = _lock_inviter(by, role)
    before = Invitation.objects.select_for_update().filter(email=address, uses=0, revoked_at=None)
    for former in before:
        _revoke(former, actor, replaced=True)
    invitation = _insert_invitation(role=role, actor=actor, email=address)
    _record("invitation.created", invitation, actor, role=role)
    _enqueue_invitation_email(invitation)
    return invitation


def create_invitation_link(*, role: str, max_uses: int, actor: User) -> IssuedInvitation:
    """Make a link by which as many people may join as it has uses. Raises PermissionRefused."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        actor = _lock_inviter(actor, role)
        hashed = hash_invitation_token(token)
        invitation = _insert_invitation(role=role, actor=actor, max_uses=max_uses, hash=hashed)
        _record("invitation.created", invitation, actor, role=role, max_uses=max_uses)
        return IssuedInvitation(get_invitation(invitation.pk), token)


def require_token_still_valid(token: str, *, actor: User) -> None:
    """Check that the token of a link, shown before, may be shown to its maker again.

    An empty token shows nothing. Raises NotFound once the link is void, and PermissionRefused and
    ProofRequired as ``create_invitation_link`` does.
    """
    if not token:
        return
    invitation = find_invitation_by_token(token)
    if invitation is None or invitation_state(invitation) != PENDING:
        raise NotFound
    check_permission("create", actor, User(role=invitation.role))


def _insert_invitation(*, role: str, actor: User, **fields: object) -> Invitation:
    prune_rows("invitations", timezone.now())
    invitation = Invitation(
        role=role,
        invited_by=actor,
        language=preferred_language(request_context().accept_language),
        expires_at=_new_expiry(),
        **fields,
    )
    if not insert_ignoring_conflict(invitation):
        raise _InvitedConcurrently
    return invitation


def resend_invitation(invitation_id: uuid.UUID, *, actor: User, check: Check) -> IssuedInvitation:
    """Make the token void and have another one sent; a link gets another one at once.

    Whoever resends it stands behind it from now on. ``check`` sees the locked row. Raises NotFound,
    PermissionRefused, and InvitationClosed for one that is used up or was revoked.
    """
    with transaction.atomic():
        actor, invitation = _lock_actor_and_invitation("invite", actor, invitation_id)
        check(invitation)
        if invitation.revoked_at is not None or invitation_state(invitation) == ACCEPTED:
            raise InvitationClosed
        token = "" if invitation.email else secrets.token_urlsafe(TOKEN_BYTES)
        invitation.hash = hash_invitation_token(token) if token else None
        invitation.expires_at, invitation.invited_by = _new_expiry(), actor
        invitation.save(update_fields=["hash", "expires_at", "invited_by", "updated_at"])
        _record("invitation.resent", invitation, actor)
        if invitation.email:
            _enqueue_invitation_email(invitation)
        return IssuedInvitation(get_invitation(invitation.pk), token)


def revoke_invitation(invitation_id: uuid.UUID, *, actor: User, check: Check) -> None:
    """Make an invitation worthless at once; repeating it changes nothing.

    ``check`` sees the locked row. Raises NotFound, PermissionRefused, and InvitationClosed for one
    that is used up.
    """
    with transaction.atomic():
        actor, invitation = _lock_actor_and_invitation("uninvite", actor, invitation_id)
        check(invitation)
        if invitation_state(invitation) == ACCEPTED:
            raise InvitationClosed
        if invitation.revoked_at is None:
            _revoke(invitation, actor)


def renew_invitation_token(invitation: Invitation) -> str:
    """Give a locked invitation another token and return it; the one before is void."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    # Not save(): what people see of it has not changed.
    Invitation.objects.filter(pk=invitation.pk).update(hash=hash_invitation_token(token))
    return token


def _revoke(invitation: Invitation, actor: User, **details: object) -> None:
    invitation.revoked_at, invitation.hash = timezone.now(), None
    invitation.save(update_fields=["revoked_at", "hash", "updated_at"])
    _record("invitation.revoked", invitation, actor, **details)


def _new_expiry() -> datetime:
    return timezone.now() + timedelta(seconds=current_policy().invitation_seconds)


def _enqueue_invitation_email(invitation: Invitation) -> None:
    language = invitation.language
    enqueue_email(
        "invitation", to=invitation.email, language=language, invitation=str(invitation.pk)
    )


def _lock_actor_and_invitation(
    verb: str, by: User, invitation_id: uuid.UUID
) -> tuple[User, Invitation]:
    """Lock who acts, then an invitation of a role for which they may do what ``verb`` names."""
    actor = lock_authorized_actor(WRITE_ACTION, by)
    invitation = lock_invitation(invitation_id)
    check_permission(verb, actor, User(role=invitation.role))
    return actor, invitation


def _lock_inviter(by: User, role: str) -> User:
    """Return who acts, locked. Raises PermissionRefused unless they may add people of the role."""
    actor = lock_authorized_actor(WRITE_ACTION, by)
    check_permission("invite", actor, User(role=role))
    return actor


def invitation_target(invitation: Invitation) -> Target:
    """Return an invitation as an audit target."""
    return Target("invitation", str(invitation.pk), invitation.email)


def _record(action: str, invitation: Invitation, actor: User, **details: object) -> None:
    record(action, actor=user_actor(actor), target=invitation_target(invitation), **details)
