"""The letter that asks somebody in. Its token is made here, so nothing that is stored holds it.

It does not name who invites: anybody can open a workspace under an address that is not theirs and
have us write to strangers in that name.
"""

from django.utils import timezone
from django.utils.translation import gettext

from accounts.email.rendering import EmailContent, human_duration, tenant_link
from accounts.invitations.queries import invitation_state, lock_invitation
from accounts.invitations.services import renew_invitation_token
from accounts.invitations.states import PENDING
from accounts.mail.known import build_account_exists
from accounts.models import Invitation, Letter
from accounts.people.finding import find_user_by_email
from core.problems import NotFound


def build_invitation(letter: Letter) -> EmailContent | None:
    """Bring somebody the link by which they join; tell a member that they are one already.

    Nobody gets a mail for an invitation that has been used, revoked, replaced or has expired.
    """
    found = _pending_invitation(letter)
    if found is None:
        return None
    if find_user_by_email(letter.recipient) is not None:
        return build_account_exists(letter)
    subject = gettext("Join %(workspace)s")
    link = tenant_link("/join", token=renew_invitation_token(found))
    return EmailContent(
        subject, {"link": link, "good_for": human_duration(found.expires_at - timezone.now())}
    )


def _pending_invitation(letter: Letter) -> Invitation | None:
    try:
        found = lock_invitation(letter.data["invitation"])
    except NotFound:
        return None
    return found if invitation_state(found) == PENDING else None
