"""People of a tenant and their sessions. Both tables live in the tenant's schema only."""

from datetime import datetime

from django.db import models
from django.db.models.functions import Lower
from uuid6 import uuid7


class User(models.Model):
    """A person of one tenant. The same address in another tenant is another person."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        ADMIN = "admin", "Administrator"
        MEMBER = "member", "Member"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254)
    password = models.CharField(max_length=255)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    role = models.CharField(max_length=6, choices=Role.choices, default=Role.MEMBER)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    # What DRF asks of whoever is authenticated.
    is_authenticated = True
    is_anonymous = False

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(Lower("email"), name="user_email_unique_without_case"),
        )

    def __str__(self) -> str:
        return self.email

    @property
    def full_name(self) -> str:
        """First and last name, as far as they are known."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def mailbox(self) -> str:
        """The address without its domain."""
        return self.email.partition("@")[0]

    @property
    def manages(self) -> bool:
        """Whether the person may act on what belongs to others."""
        return self.role in (User.Role.OWNER, User.Role.ADMIN)


class Session(models.Model):
    """One log-in. Its refresh tokens are known by their hashes only."""

    class End(models.TextChoices):
        LOGOUT = "logout", "Logged out"
        REUSE = "reuse_detected", "A used refresh token came back"
        PASSWORD = "password_changed", "Password changed"
        REVOKED = "revoked", "Revoked"
        STAFF = "staff", "Ended by staff"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    generation = models.PositiveIntegerField(default=0)
    token_hash = models.BinaryField(max_length=32)
    parent_hash = models.BinaryField(max_length=32, default=b"")
    rotated_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=20, choices=End.choices, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return str(self.id)

    def is_alive(self, now: datetime) -> bool:
        """Whether the session still opens doors at ``now``."""
        return self.ended_at is None and self.expires_at > now
