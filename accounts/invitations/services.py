"""Invitations: by e-mail for one address and one use, or by a link for several uses."""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

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
from accounts.permissions import current_policy
from accounts.problems import InvitationClosed
from accounts.retention import prune
from accounts.users.creation import validate_user
from accounts.users.permissions import (
    NON_OWNER_ROLES,
    check_permission,
    lock_authorized_actor,
)
from accounts.users.preferences import user_language
from accounts.users.queries import user_actor
from audit.services import Actor, Target, record
from core.db_backend.queries import insert_ignoring_conflict
from core.problems import FieldError, NotFound, ValidationFailed
from core.text.email_addresses import canonical_address
from tenants.context import current_tenant

Check = Callable[[Invitation], None]
WRITE_ACTION = "invitations:write"
TOKEN_BYTES = 32
MIN_LINK_USES, MAX_LINK_USES = 2, 1000
LINK_ROLES = NON_OWNER_ROLES
NO_OWNERS_BY_LINK = "A link that several people may use makes no owners."
# Each failed attempt is the success of another request, so this bounds concurrent requests.
MAX_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """An invitation. ``token`` is set for a link, which the actor passes on."""

    invitation: Invitation
    token: str = ""


class _InvitedConcurrently(Exception):  # noqa: N818 - not an error
    """Another request has created the open invitation of this address."""


def invite(*, email: str, role: str, actor: User) -> IssuedInvitation:
    """Invite one address by e-mail, and revoke its former open invitation.

    Whether the address has an account is checked when the e-mail is sent, so the work is the same
    for every address. Of several concurrent calls for one address the last one stays.

    Raises: PermissionRefused, ProofRequired, ValidationFailed.
    """
    address = _invitable_address(email)

    def create() -> Invitation:
        inviter = _lock_inviter(actor, role)
        return _create_email_invitation(address, role, user_actor(inviter), inviter=inviter)

    return IssuedInvitation(_retried(create))


def invite_as_platform(*, email: str, role: str, actor: Actor, language: str = "") -> Invitation:
    """Invite one address by e-mail as the platform's staff, and revoke its former open invitation.

    It has no inviter, so it stays open whatever happens to the tenant's users. ``language`` is that
    of the e-mail; by default the tenant's.

    Raises: ValidationFailed.
    """
    address = _invitable_address(email)
    return _retried(lambda: _create_email_invitation(address, role, actor, language=language))


def _invitable_address(email: str) -> str:
    address = canonical_address(email)
    validate_user(User(email=address))  # refuses an address that no user could have
    return address


def _retried(create: Callable[[], Invitation]) -> Invitation:
    """Run ``create`` in a transaction; again when another request invited the same address."""
    for _ in range(MAX_ATTEMPTS):
        try:
            with transaction.atomic():
                return get_invitation(create().pk)
        except _InvitedConcurrently:  # its commit is visible to the next attempt
            continue
    raise InvitationClosed


def _create_email_invitation(
    address: str, role: str, actor: Actor, *, inviter: User | None = None, language: str = ""
) -> Invitation:
    open_invitations = Invitation.objects.select_for_update().filter(
        email=address, uses=0, revoked_at=None
    )
    for former in open_invitations:
        _revoke(former, actor, replaced=True)
    invitation = _insert_invitation(role=role, inviter=inviter, language=language, email=address)
    _record("invitation.created", invitation, actor, role=role)
    _enqueue_invitation_email(invitation)
    return invitation


def create_invitation_link(*, role: str, max_uses: int, actor: User) -> IssuedInvitation:
    """Create a link with which ``max_uses`` users may register.

    Raises: ValidationFailed for owners, PermissionRefused, ProofRequired.
    """
    if role not in LINK_ROLES:
        raise ValidationFailed(errors=[FieldError("role", "not_by_link", NO_OWNERS_BY_LINK)])
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        inviter = _lock_inviter(actor, role)
        hashed = hash_invitation_token(token)
        invitation = _insert_invitation(role=role, inviter=inviter, max_uses=max_uses, hash=hashed)
        by = user_actor(inviter)
        _record("invitation.created", invitation, by, role=role, max_uses=max_uses)
        return IssuedInvitation(get_invitation(invitation.pk), token)


def require_token_still_valid(token: str, *, actor: User) -> None:
    """Check that a link's token may be shown again to its creator. An empty token is valid.

    Raises: NotFound for an invalid link; PermissionRefused and ProofRequired.
    """
    if not token:
        return
    invitation = find_invitation_by_token(token)
    if invitation is None or invitation_state(invitation) != PENDING:
        raise NotFound
    check_permission("create", actor, User(role=invitation.role))


def _insert_invitation(
    *, role: str, inviter: User | None, language: str = "", **fields: object
) -> Invitation:
    prune("invitations", timezone.now())
    invitation = Invitation(
        role=role,
        invited_by=inviter,
        language=language or user_language(None, current_tenant()),
        expires_at=_new_expiry(),
        **fields,
    )
    if not insert_ignoring_conflict(invitation):
        raise _InvitedConcurrently
    return invitation


def resend_invitation(invitation_id: uuid.UUID, *, actor: User, check: Check) -> IssuedInvitation:
    """Replace the token. An e-mail invitation is sent again, a link's token is returned.

    The actor becomes the inviter. ``check`` gets the locked row and may raise.

    Raises: NotFound; PermissionRefused; InvitationClosed if it is used up or revoked.
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
        _record("invitation.resent", invitation, user_actor(actor))
        if invitation.email:
            _enqueue_invitation_email(invitation)
        return IssuedInvitation(get_invitation(invitation.pk), token)


def revoke_invitation(invitation_id: uuid.UUID, *, actor: User, check: Check) -> None:
    """Revoke an invitation. Repeating it changes nothing.

    ``check`` gets the locked row and may raise.

    Raises: NotFound; PermissionRefused; InvitationClosed if it is used up.
    """
    with transaction.atomic():
        actor, invitation = _lock_actor_and_invitation("uninvite", actor, invitation_id)
        check(invitation)
        if invitation_state(invitation) == ACCEPTED:
            raise InvitationClosed
        if invitation.revoked_at is None:
            _revoke(invitation, user_actor(actor))


def renew_invitation_token(invitation: Invitation) -> str:
    """Replace the token of a locked invitation and return the new one."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    # Not save(): ``updated_at`` is for changes that the API shows.
    Invitation.objects.filter(pk=invitation.pk).update(hash=hash_invitation_token(token))
    return token


def _revoke(invitation: Invitation, actor: Actor, **details: object) -> None:
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
    """Lock the actor, then an invitation for whose role the actor may do ``verb``."""
    actor = lock_authorized_actor(WRITE_ACTION, by)
    invitation = lock_invitation(invitation_id)
    check_permission(verb, actor, User(role=invitation.role))
    return actor, invitation


def _lock_inviter(by: User, role: str) -> User:
    """Lock the actor. Raises: PermissionRefused unless the actor may add users of the role."""
    actor = lock_authorized_actor(WRITE_ACTION, by)
    check_permission("invite", actor, User(role=role))
    return actor


def invitation_target(invitation: Invitation) -> Target:
    """Return an invitation as the target of an audit event."""
    return Target("invitation", str(invitation.pk), invitation.email)


def _record(action: str, invitation: Invitation, actor: Actor, **details: object) -> None:
    record(action, actor=actor, target=invitation_target(invitation), **details)
