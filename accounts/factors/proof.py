"""Dangerous actions ask for a recent proof of who asks (OWASP ASVS 5.0, 7.5.3).

A log-in is a proof, and so is ``POST /api/auth/prove`` with the password or a one-time code.
"""

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request

from accounts.models import Session
from accounts.problems import ProofRequired


def require_recent_proof(request: Request) -> None:
    """Raise ProofRequired unless the session that asks was proved within ``PROOF_SECONDS``."""
    session = request.auth
    if not isinstance(session, Session):
        raise ProofRequired
    if timezone.now() - session.proved_at > settings.PROOF_LIFETIME:
        raise ProofRequired
