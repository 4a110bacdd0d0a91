"""What programs show instead of a log-in."""

from datetime import datetime

from django.db import models
from uuid6 import uuid7

from accounts.models.user import User


class ApiKey(models.Model):
    """Acts as the person who made it, with no more than its scopes. Only a keyed hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    hint = models.CharField(max_length=16)  # the last characters, to tell keys apart
    hash = models.BinaryField(max_length=32, unique=True)
    scopes = models.JSONField(default=list)
    requests_per_minute = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_ip = models.GenericIPAddressField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.name

    def is_alive(self, now: datetime) -> bool:
        """Whether the key still opens doors at ``now``."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
