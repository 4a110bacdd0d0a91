"""People of a tenant and what belongs to them. All tables live in the tenant's schema only."""

from accounts.models.api_key import ApiKey
from accounts.models.invitation import Invitation
from accounts.models.mail import Letter, MailLink
from accounts.models.second_factor import Authenticator, RecoveryCode
from accounts.models.session import Session
from accounts.models.user import User

__all__ = [
    "ApiKey",
    "Authenticator",
    "Invitation",
    "Letter",
    "MailLink",
    "RecoveryCode",
    "Session",
    "User",
]
