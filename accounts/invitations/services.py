"""Asking people in: by mail, which one address may use once, or by a link that several may use."""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actors import actor_of
from accounts.email.outbox import post_letter
from accounts.invitations.queries import (
    hash_of_token,
    invitation_with_id,
    invitation_with_token,
    locked_invitation,
    state_of,
)
from accounts.invitations.states import ACCEPTED, PENDING
from accounts.models import Invitation, User
from accounts.problems import InvitationClosed
from accounts.retention import prune
from accounts.tenant_policy import policy
from accounts.users.creation import require_sound
from accounts.users.permissions import require_may, still_allowed
from audit.services import Target, record
from core.db_backend.queries import insert_unless_taken
from core.http.language import preferred_language
from core.problems import NotFound
from core.request_context import request_context
from core.text.email_addresses import canonical_address

Check = Callable[[Invitation], None]
WRITE = "invitations:write"
TOKEN_BYTES = 32
# Each failed try is somebody else's success, so it is as many as ask for one address at once.
TRIES = 100


@dataclass(frozen=True, slots=True)
class Issued:
    """An invitation, with its token if whoever asked is to hand it on."""

    invitation: Invitation
    token: str = ""


class _InvitedConcurrently(Exception):  # noqa: N818 - it is no error
    """Another request has made the open invitation of this address."""


def invite(*, email: str, role: str, actor: User) -> Issued:
    """Ask one address in by mail. What was open for that address before is revoked.

    Whether somebody has an account there is looked at while the letter is sent, so asking is the
    same work for every address. Of several who ask for one address at once the last stays. Raises
    PermissionRefused and ValidationFailed.
    """
    address = canonical_address(email)
    require_sound(User(email=address))  # an address that nobody could join with
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                return Issued(invitation_with_id(_invited(address, role, actor).pk))
        except _InvitedConcurrently:  # the other's has been committed; the next round finds it
            continue
    raise InvitationClosed


def _invited(address: str, role: str, by: User) -> Invitation:
    actor = _inviting(by, role)
    before = Invitation.objects.select_for_update().filter(email=address, uses=0, revoked_at=None)
    for former in before:
        _close(former, actor, replaced=True)
    invitation = _new(role=role, actor=actor, email=address)
    _record("invitation.created", invitation, actor, role=role)
    _send(invitation)
    return invitation


def make_link(*, role: str, max_uses: int, actor: User) -> Issued:
    """Make a link by which as many people may join as it has uses. Raises PermissionRefused."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        actor = _inviting(actor, role)
        hashed = hash_of_token(token)
        invitation = _new(role=role, actor=actor, max_uses=max_uses, hash=hashed)
        _record("invitation.created", invitation, actor, role=role, max_uses=max_uses)
        return Issued(invitation_with_id(invitation.pk), token)


def require_showable(token: str, *, actor: User) -> None:
    """Check that the token of a link, shown before, may be shown to its maker again.

    An empty token shows nothing. Raises NotFound once the link is void, and PermissionRefused and
    ProofRequired as ``make_link`` does.
    """
    if not token:
        return
    invitation = invitation_with_token(token)
    if invitation is None or state_of(invitation) != PENDING:
        raise NotFound
    require_may("create", actor, User(role=invitation.role))


def _new(*, role: str, actor: User, **fields: object) -> Invitation:
    prune("invitations", timezone.now())
    invitation = Invitation(
        role=role,
        invited_by=actor,
        language=preferred_language(request_context().accept_language),
        expires_at=_end(),
        **fields,
    )
    if not insert_unless_taken(invitation):
        raise _InvitedConcurrently
    return invitation


def resend(invitation_id: uuid.UUID, *, actor: User, check: Check) -> Issued:
    """Make the token void and have another one sent; a link gets another one at once.

    Whoever resends it stands behind it from now on. ``check`` sees the locked row. Raises NotFound,
    PermissionRefused, and InvitationClosed for one that is used up or was revoked.
    """
    with transaction.atomic():
        actor, invitation = _locked("invite", actor, invitation_id)
        check(invitation)
        if invitation.revoked_at is not None or state_of(invitation) == ACCEPTED:
            raise InvitationClosed
        token = "" if invitation.email else secrets.token_urlsafe(TOKEN_BYTES)
        invitation.hash = hash_of_token(token) if token else None
        invitation.expires_at, invitation.invited_by = _end(), actor
        invitation.save(update_fields=["hash", "expires_at", "invited_by", "updated_at"])
        _record("invitation.resent", invitation, actor)
        if invitation.email:
            _send(invitation)
        return Issued(invitation_with_id(invitation.pk), token)


def revoke(invitation_id: uuid.UUID, *, actor: User, check: Check) -> None:
    """Make an invitation worthless at once; repeating it changes nothing.

    ``check`` sees the locked row. Raises NotFound, PermissionRefused, and InvitationClosed for one
    that is used up.
    """
    with transaction.atomic():
        actor, invitation = _locked("uninvite", actor, invitation_id)
        check(invitation)
        if state_of(invitation) == ACCEPTED:
            raise InvitationClosed
        if invitation.revoked_at is None:
            _close(invitation, actor)


def renew_token(invitation: Invitation) -> str:
    """Give a locked invitation another token and return it; the one before is void."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    # Not save(): what people see of it has not changed.
    Invitation.objects.filter(pk=invitation.pk).update(hash=hash_of_token(token))
    return token


def _close(invitation: Invitation, actor: User, **details: object) -> None:
    invitation.revoked_at, invitation.hash = timezone.now(), None
    invitation.save(update_fields=["revoked_at", "hash", "updated_at"])
    _record("invitation.revoked", invitation, actor, **details)


def _end() -> datetime:
    return timezone.now() + timedelta(seconds=policy().invitation_seconds)


def _send(invitation: Invitation) -> None:
    language = invitation.language
    post_letter("invitation", to=invitation.email, language=language, invitation=str(invitation.pk))


def _locked(verb: str, by: User, invitation_id: uuid.UUID) -> tuple[User, Invitation]:
    """Lock who acts, then an invitation of a role for which they may do what ``verb`` names."""
    actor = still_allowed(WRITE, by)
    invitation = locked_invitation(invitation_id)
    require_may(verb, actor, User(role=invitation.role))
    return actor, invitation


def _inviting(by: User, role: str) -> User:
    """Return who acts, locked. Raises PermissionRefused unless they may add people of the role."""
    actor = still_allowed(WRITE, by)
    require_may("invite", actor, User(role=role))
    return actor


def target_of(invitation: Invitation) -> Target:
    """Return an invitation as an audit target."""
    return Target("invitation", str(invitation.pk), invitation.email)


def _record(action: str, invitation: Invitation, actor: User, **details: object) -> None:
    record(action, actor=actor_of(actor), target=target_of(invitation), **details)
