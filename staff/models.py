"""Staff users, their second factors and API tokens, in the public schema."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from core.crypto.passwords import verify_password
from core.crypto.second_factor_models import AbstractAuthenticator, AbstractRecoveryCode
from core.problems import Problem
from core.text.email_addresses import address_key, canonical_address, lowercased_address


class StaffManager(BaseUserManager["StaffUser"]):
    """Creates staff users. Django's commands call these methods."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "StaffUser":
        """Create a staff user; without a password no log-in is possible.

        Raises: ValidationFailed for an invalid address.
        """
        user = self.model(email=canonical_address(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "StaffUser":
        """Create a staff user with all permissions."""
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "StaffUser":
        """Return the staff user with this address in any spelling. Raises: StaffUser.DoesNotExist.

        A row that could not be canonicalised is found by its stored spelling
        (docs/decisions/0021-email-addresses.md).
        """
        # Not iexact: PostgreSQL treats some other characters as ASCII ones, so attempts on one
        # account would be counted once per spelling (staff/login_throttling.py).
        typed, canonical = lowercased_address(username or ""), address_key(username or "")
        found = list(self.filter(email__in={typed, canonical}))
        as_typed = [staff for staff in found if staff.email == typed]
        for staff in [*as_typed, *found]:
            return staff
        raise self.model.DoesNotExist


class StaffUser(AbstractBaseUser, PermissionsMixin):
    """An operator of the platform, with access to Django admin."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(default=True, editable=False)
    second_factor_at = models.DateTimeField(_("second factor since"), null=True, editable=False)
    # Another person has chosen the password; changing it resets this.
    password_change_required = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = StaffManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff members")
        ordering = ("email",)
        constraints = (models.UniqueConstraint(Lower("email"), name="staff_email_unique"),)

    def __str__(self) -> str:
        return self.email

    def set_unusable_password(self) -> None:
        """Disable log-in with a password; it revokes tokens like a new password."""
        super().set_unusable_password()
        self._password = ""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a new password, or deactivation, revokes all tokens.

        Django sets ``_password`` in ``set_password``, and not for a new hash of the same password.
        """
        ended = not self._state.adding and (self._password is not None or not self.is_active)
        with transaction.atomic():
            super().save(*args, **kwargs)
            if ended:
                active = self.tokens.filter(revoked_at__isnull=True)
                active.update(revoked_at=timezone.now())

    def check_password(self, raw_password: str | None) -> bool:
        """Tell whether the password matches, in any Unicode form."""
        return raw_password is not None and verify_password(
            raw_password, self.password, self._rehash
        )

    def _rehash(self, password: str) -> None:
        """Store a new hash of the same password; tokens stay valid.

        Nothing is stored if another password was set while this one was hashed.
        """
        with suppress(Problem):  # the hash pool is full; the next log-in retries
            hashed = make_password(password)
            same = StaffUser.objects.filter(pk=self.pk, password=self.password)
            if same.update(password=hashed):
                self.password = hashed

    def get_session_auth_hash(self) -> str:
        """Return the hash that sessions are bound to: of the password and the second factor.

        So adding or removing a factor ends every other session, like a new password.
        """
        return super().get_session_auth_hash() + self._factor_since()

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Yield the same hash with each previous SECRET_KEY."""
        for former in super().get_session_auth_fallback_hash():
            yield former + self._factor_since()

    def _factor_since(self) -> str:
        return self.second_factor_at.isoformat() if self.second_factor_at else ""

    def get_full_name(self) -> str:
        """Return the full name, or the address if there is none."""
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_short_name(self) -> str:
        """Return the first name, or the address if there is none."""
        return self.first_name or self.email


class StaffAuthenticator(AbstractAuthenticator):
    """The TOTP app of a staff user."""

    staff = models.OneToOneField(StaffUser, on_delete=models.CASCADE, related_name="authenticator")


class StaffRecoveryCode(AbstractRecoveryCode):
    """A recovery code of a staff user."""

    staff = models.ForeignKey(StaffUser, on_delete=models.CASCADE, related_name="recovery_codes")


class StaffToken(models.Model):
    """A token for the staff API. Only its hash is stored.

    A token without a name was issued by a log-in; the others were created for programs.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    staff = models.ForeignKey(
        StaffUser,
        on_delete=models.CASCADE,
        related_name="tokens",
        verbose_name=_("staff member"),
    )
    hash = models.BinaryField(max_length=32, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("ends at"), db_index=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True)
    ip = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("browser or program"), max_length=400, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.staff.email} {self.name}".strip()

    def is_alive(self, now: datetime) -> bool:
        """Tell whether the token is valid at ``now``."""
        return self.revoked_at is None and self.expires_at > now
