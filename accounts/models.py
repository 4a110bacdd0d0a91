"""Users of a tenant, their credentials and their e-mails. All tables are in the tenant's schema."""

from datetime import datetime

from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from uuid6 import uuid7

from core.crypto.second_factor_models import AbstractAuthenticator, AbstractRecoveryCode
from core.db_backend.fields import UpdatedAtField


class User(models.Model):
    """A user of one tenant. The same address in another tenant is another user."""

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
    # An administrator has chosen the password. A change by the user resets this.
    password_change_required = models.BooleanField(default=False, db_default=False, editable=False)
    # Empty: the tenant's default (accounts/users/preferences.py).
    language = models.CharField(max_length=10, blank=True, default="", db_default="")
    time_zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    # Set when the user is removed. The row stays, because files and audit events name its id.
    removed_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = UpdatedAtField()

    # DRF reads these of ``request.user``.
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
        """The part of the address before the @."""
        return self.email.partition("@")[0]

    @property
    def manages(self) -> bool:
        """Whether the role may act on rows of other users."""
        return self.role in (User.Role.OWNER, User.Role.ADMIN)


class Session(models.Model):
    """One log-in on one device. Only hashes of its refresh tokens are stored."""

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
    # The last authentication; dangerous actions need a recent one.
    proved_at = models.DateTimeField(default=timezone.now, db_default=Now())
    expires_at = models.DateTimeField(db_index=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=20, choices=End.choices, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            # Finds expired sessions without ``ended_at`` among many that have it.
            models.Index(
                fields=["expires_at"],
                condition=models.Q(ended_at__isnull=True),
                name="session_not_ended",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)


class Authenticator(AbstractAuthenticator):
    """A user's TOTP app."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="authenticator")


class RecoveryCode(AbstractRecoveryCode):
    """One of a user's recovery codes."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "hash"), name="recovery_code_unique"),
        )


class ApiKey(models.Model):
    """A credential for programs: acts as its user, limited by its scopes.

    Only a keyed hash is stored.
    """

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

    def is_valid_at(self, now: datetime) -> bool:
        """Return whether the key is valid at ``now``."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class Invitation(models.Model):
    """A single-use token for one address, or, without an address, a link with ``max_uses`` uses.

    Only the hash of the token is stored. Resending the invitation makes another token.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, blank=True)
    role = models.CharField(max_length=6, choices=User.Role.choices, default=User.Role.MEMBER)
    hash = models.BinaryField(max_length=32, unique=True, null=True)
    # NULL: the platform's staff invited.
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    language = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = UpdatedAtField()
    expires_at = models.DateTimeField(db_index=True)
    max_uses = models.PositiveIntegerField(default=1)
    uses = models.PositiveIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(uses__lte=models.F("max_uses")),
                name="invitation_not_used_too_often",
            ),
            models.UniqueConstraint(
                fields=("email",),
                condition=models.Q(uses=0, revoked_at=None) & ~models.Q(email=""),
                name="invitation_one_open_per_address",
            ),
        )

    def __str__(self) -> str:
        return self.email or str(self.id)


class Letter(models.Model):
    """An e-mail in the outbox, requested by a committed change. It is deleted when it is sent.

    It holds no secret: the link in it is created when it is sent.
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
    """A single-use token that was mailed to one address. Only its hash is stored."""

    class Purpose(models.TextChoices):
        RESET = "reset", "Set a new password"
        VERIFY = "verify", "Verify the address"
        JOIN = "join", "Confirm a registration"
        CHANGE = "change", "Confirm another address"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    hash = models.BinaryField(max_length=32, unique=True)
    email = models.EmailField(max_length=254)
    # NULL for the link that confirms a registration: the user does not exist yet.
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="mail_links")
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"
