"""One log-in of a person."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from uuid6 import uuid7

from accounts.models.user import User


class Session(models.Model):
    """One log-in. Its refresh tokens are known by their hashes only."""

    class End(models.TextChoices):
        LOGOUT = "logout", "Logged out"
        REUSE = "reuse_detected", "A used refresh token came back"
        PASSWORD = "password_changed", "Password changed"
        REVOKED = "revoked", "Revoked"
        EXPIRED = "expired", "Expired"
        IDLE = "idle", "Not used for too long"
        STAFF = "staff", "Ended by staff"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    generation = models.PositiveIntegerField(default=0)
    token_hash = models.BinaryField(max_length=32)
    parent_hash = models.BinaryField(max_length=32, default=b"")
    rotated_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField()
    # When the person last proved who they are; dangerous actions ask for a recent proof.
    proved_at = models.DateTimeField(default=timezone.now, db_default=Now())
    expires_at = models.DateTimeField(db_index=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=20, choices=End.choices, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            # Finds those that ran out and were not marked yet, among many that were.
            models.Index(
                fields=["expires_at"],
                condition=models.Q(ended_at__isnull=True),
                name="session_not_ended",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)
