"""Taking every key from somebody: what they are logged in with, and what could let them in."""

from django.db.models import F
from django.utils import timezone

from accounts.email_tokens import revoke_email_tokens
from accounts.models import ApiKey, Authenticator, Invitation, Letter, MailLink, Session, User
from accounts.sessions.services import end_user_sessions
from audit.services import Actor


def revoke_access(person: User, *, actor: Actor) -> None:
    """End a person's sessions, API keys and mailed links. Call inside a transaction.

    The sessions come last, because ending them is put on record.
    """
    ApiKey.objects.filter(user=person, revoked_at=None).update(revoked_at=timezone.now())
    revoke_email_tokens(person)
    end_user_sessions(person, Session.End.REVOKED, actor=actor)


def revoke_sent_invitations(person: User) -> int:
    """Revoke the open invitations that a person sent; return how many there were.

    Who may ask nobody in any more must not have left the door open.
    """
    waiting = Invitation.objects.filter(invited_by=person, revoked_at=None)
    return waiting.filter(uses__lt=F("max_uses")).update(revoked_at=timezone.now())


def delete_credentials(person: User) -> None:
    """Delete a person's sessions, keys, links and second factor, and what waits for their address.

    Call inside a transaction.
    """
    for rows in (person.sessions, person.api_keys, person.mail_links, person.recovery_codes):
        rows.all().delete()
    Authenticator.objects.filter(user=person).delete()
    delete_address_rows(person.email)


def delete_address_rows(email: str) -> None:
    """Delete the links, the invitations and the letters to an address.

    A letter that is being sent at this moment is left to whoever sends it.
    """
    MailLink.objects.filter(email=email).delete()
    Invitation.objects.filter(email=email).delete()
    letters = Letter.objects.filter(recipient=email).select_for_update(skip_locked=True)
    Letter.objects.filter(pk__in=list(letters.values_list("pk", flat=True))).delete()
