"""Dangerous actions ask for a recent proof of who asks (OWASP ASVS 5.0, 7.5.3).

A log-in is a proof, and so is ``POST /api/auth/prove`` with the password or a one-time code. What
asks for one stands in the tables of actions (accounts/actions.py), of what is done to people
(accounts/users/permissions.py) and of settings (accounts/own_tenant/settings.py).
"""

from django.conf import settings
from django.utils import timezone

from accounts.problems import ProofRequired
from core.request_context import request_context

API_KEY_NOT_ACCEPTED = (
    "An API key is no proof of who asks. It adds, invites and changes members only."
)


def require_recent_authentication() -> None:
    """Raise ProofRequired unless the session that asks was proved within ``PROOF_SECONDS``.

    An API key has no proof, and neither has code that runs outside of a request.
    """
    context = request_context()
    if context.api_key:
        raise ProofRequired(API_KEY_NOT_ACCEPTED)
    proved_at = context.proved_at
    if proved_at is None or timezone.now() - proved_at > settings.PROOF_LIFETIME:
        raise ProofRequired
