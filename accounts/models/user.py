"""A person of one tenant."""

from django.db import models
from django.db.models.functions import Lower
from uuid6 import uuid7

from core.db_backend.fields import UpdatedAtField


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
    email_verified_at = models.DateTimeField(null=True, editable=False)
    second_factor_at = models.DateTimeField(null=True, editable=False)  # confirmed; here for speed
    # Somebody else has chosen the password; one's own takes it back.
    password_change_required = models.BooleanField(default=False, db_default=False, editable=False)
    # Removed: nobody any more, but files and the audit trail still name the id.
    removed_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = UpdatedAtField()

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
