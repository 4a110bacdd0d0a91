"""What a person has besides the password."""

from django.db import models
from uuid6 import uuid7

from accounts.models.user import User


class Authenticator(models.Model):
    """An app that shows one-time codes (RFC 6238). It counts once a first code has confirmed it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="authenticator")
    sealed_secret = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    # The time step of the last code that was taken; each code is good once (RFC 6238 section 5.2).
    last_step = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.id)


class RecoveryCode(models.Model):
    """Opens the door once when the authenticator is lost. Only its hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "hash"), name="recovery_code_unique"),
        )

    def __str__(self) -> str:
        return str(self.id)
