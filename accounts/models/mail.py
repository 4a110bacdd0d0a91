"""Letters that are to go out, and the links that some of them bring."""

from django.db import models
from django.utils import timezone
from uuid6 import uuid7

from accounts.models.user import User


class Letter(models.Model):
    """A mail that a committed change asked for; deleted once it is sent.

    It holds no secret: the link that it is to bring is made while it is sent.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40)
    recipient = models.EmailField(max_length=254)
    language = models.CharField(max_length=10, blank=True)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(default=timezone.now, db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("due_at", "id")

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class MailLink(models.Model):
    """A link that was mailed: good once, for one address, until it expires. Its hash is kept."""

    class Purpose(models.TextChoices):
        RESET = "reset", "Set a new password"
        VERIFY = "verify", "Verify the address"
        JOIN = "join", "Confirm a registration"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    hash = models.BinaryField(max_length=32, unique=True)
    email = models.EmailField(max_length=254)
    # Nobody yet, where the link is to confirm a registration; ``data`` then holds what was given.
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="mail_links")
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"
