"""The letter that asks somebody in. Its token is made here, so nothing that is stored holds it.

It does not name who invites: anybody can open a workspace under an address that is not theirs and
have us write to strangers in that name.
"""

from django.utils import timezone
from django.utils.translation import gettext

from accounts.email.rendering import Mail, in_words, link_to
from accounts.invitations.queries import locked_invitation, state_of
from accounts.invitations.services import renew_token
from accounts.invitations.states import PENDING
from accounts.mail.known import known_already
from accounts.models import Invitation, Letter
from accounts.people.finding import person_with_email
from core.problems import NotFound


def invitation(letter: Letter) -> Mail | None:
    """Bring somebody the link by which they join; tell a member that they are one already.

    Nobody gets a mail for an invitation that has been used, revoked, replaced or has expired.
    """
    found = _pending(letter)
    if found is None:
        return None
    if person_with_email(letter.recipient) is not None:
        return known_already(letter)
    subject = gettext("Join %(workspace)s")
    link = link_to("/join", token=renew_token(found))
    return Mail(subject, {"link": link, "good_for": in_words(found.expires_at - timezone.now())})


def _pending(letter: Letter) -> Invitation | None:
    try:
        found = locked_invitation(letter.data["invitation"])
    except NotFound:
        return None
    return found if state_of(found) == PENDING else None
