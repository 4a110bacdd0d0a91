"""Revocation of a user's access: sessions and everything that could start one."""

from django.db.models import F
from django.utils import timezone

from accounts.email_tokens import revoke_email_tokens
from accounts.models import ApiKey, Authenticator, Invitation, Letter, MailLink, Session, User
from accounts.sessions.services import end_user_sessions
from audit.services import Actor


def revoke_access(user: User, *, actor: Actor) -> None:
    """End a user's sessions, API keys and e-mail tokens. Call inside a transaction.

    The sessions come last, because ending them writes an audit event.
    """
    ApiKey.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())
    revoke_email_tokens(user)
    end_user_sessions(user, Session.End.REVOKED, actor=actor)


def revoke_sent_invitations(user: User) -> int:
    """Revoke the open invitations that a user sent and return their number.

    A user who may not invite any more must not have open invitations left.
    """
    pending = Invitation.objects.filter(invited_by=user, revoked_at=None)
    return pending.filter(uses__lt=F("max_uses")).update(revoked_at=timezone.now())


def delete_credentials(user: User) -> None:
    """Delete a user's sessions, API keys, e-mail tokens, second factor and rows for the address.

    Call inside a transaction.
    """
    for rows in (user.sessions, user.api_keys, user.mail_links, user.recovery_codes):
        rows.all().delete()
    Authenticator.objects.filter(user=user).delete()
    delete_address_rows(user.email)


def delete_address_rows(email: str) -> None:
    """Delete the e-mail tokens, invitations and queued e-mails for an address.

    An e-mail that is being sent at this moment is left to the mailer.
    """
    MailLink.objects.filter(email=email).delete()
    Invitation.objects.filter(email=email).delete()
    letters = Letter.objects.filter(recipient=email).select_for_update(skip_locked=True)
    Letter.objects.filter(pk__in=list(letters.values_list("pk", flat=True))).delete()
