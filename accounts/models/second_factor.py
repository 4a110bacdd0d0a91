"""What a person has besides the password."""

from django.db import models

from accounts.models.user import User
from core.crypto.second_factor import AbstractAuthenticator, AbstractRecoveryCode


class Authenticator(AbstractAuthenticator):
    """A person's app."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="authenticator")


class RecoveryCode(AbstractRecoveryCode):
    """One of a person's recovery codes."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "hash"), name="recovery_code_unique"),
        )
