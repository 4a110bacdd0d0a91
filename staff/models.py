"""Platform staff. They live in the public schema and are no tenant's people."""

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
from core.crypto.second_factor import AbstractAuthenticator, AbstractRecoveryCode
from core.problems import Problem
from core.text.email_addresses import address_key, canonical_address, lowercased_address


class StaffManager(BaseUserManager["StaffUser"]):
    """Makes staff; Django's own commands call these."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "StaffUser":
        """Save and return a member of staff; without a password nobody can log in as them.

        Raises ValidationFailed for an address that mail cannot reach.
        """
        user = self.model(email=canonical_address(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "StaffUser":
        """Save and return a member of staff with every right."""
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "StaffUser":
        """Return the member of staff with this address, in whatever spelling of its mailbox.

        A row that could not be rewritten is found by the spelling that it has kept
        (docs/decisions/0021-email-addresses.md). Raises StaffUser.DoesNotExist.
        """
        # Not iexact: PostgreSQL takes some other letters for ASCII ones, which would give attempts
        # on one account a count for each way to write it (staff/login_throttling.py).
        typed, canonical = lowercased_address(username or ""), address_key(username or "")
        found = list(self.filter(email__in={typed, canonical}))
        as_typed = [staff for staff in found if staff.email == typed]
        for staff in [*as_typed, *found]:
            return staff
        raise self.model.DoesNotExist


class StaffUser(AbstractBaseUser, PermissionsMixin):
    """Somebody who runs the platform, in Django admin."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField("e-mail address", max_length=254, unique=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=True, editable=False)
    second_factor_at = models.DateTimeField(_("second factor since"), null=True, editable=False)
    # Somebody else has chosen the password; one's own takes it back.
    password_change_required = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StaffManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "staff member"
        ordering = ("email",)
        constraints = (models.UniqueConstraint(Lower("email"), name="staff_email_unique"),)

    def __str__(self) -> str:
        return self.email

    def set_unusable_password(self) -> None:
        """Let nobody log in with a password; that ends tokens as a new password does."""
        super().set_unusable_password()
        self._password = ""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a new password, or being deactivated, ends every token there is.

        Django keeps ``_password`` from ``set_password`` until here, and not for a mere new hash.
        """
        ended = not self._state.adding and (self._password is not None or not self.is_active)
        with transaction.atomic():
            super().save(*args, **kwargs)
            if ended:
                living = self.tokens.filter(revoked_at__isnull=True)
                living.update(revoked_at=timezone.now())

    def check_password(self, raw_password: str | None) -> bool:
        """Tell whether the password is this one, in whichever Unicode form it is typed."""
        return raw_password is not None and verify_password(
            raw_password, self.password, self._rehash
        )

    def _rehash(self, password: str) -> None:
        """Store the same password anew, unless another one has been set meanwhile: no token ends.

        Hashing takes long enough for somebody to set one.
        """
        with suppress(Problem):  # too many are hashed now; the next log-in does it
            hashed = make_password(password)
            same = StaffUser.objects.filter(pk=self.pk, password=self.password)
            if same.update(password=hashed):
                self.password = hashed

    def get_session_auth_hash(self) -> str:
        """Return what the admin's sessions are bound to: the password and the second factor.

        So adding or removing a factor ends every other session, as a new password does.
        """
        return super().get_session_auth_hash() + self._factor_since()

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Yield the same with each former SECRET_KEY, which must not let older sessions in."""
        for former in super().get_session_auth_fallback_hash():
            yield former + self._factor_since()

    def _factor_since(self) -> str:
        return self.second_factor_at.isoformat() if self.second_factor_at else ""

    def get_full_name(self) -> str:
        """Return the full name, or the address where there is none."""
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_short_name(self) -> str:
        """Return the first name, or the address where there is none."""
        return self.first_name or self.email


class StaffAuthenticator(AbstractAuthenticator):
    """A member of staff's app."""

    staff = models.OneToOneField(StaffUser, on_delete=models.CASCADE, related_name="authenticator")


class StaffRecoveryCode(AbstractRecoveryCode):
    """One of a member of staff's recovery codes."""

    staff = models.ForeignKey(StaffUser, on_delete=models.CASCADE, related_name="recovery_codes")


class StaffToken(models.Model):
    """What a member of staff shows to the API instead of a password. Only its hash is kept.

    One without a name was opened by logging in; the others were made for programs.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    staff = models.ForeignKey(StaffUser, on_delete=models.CASCADE, related_name="tokens")
    hash = models.BinaryField(max_length=32, unique=True, editable=False)
    name = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    last_used_at = models.DateTimeField(null=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.staff.email} {self.name}".strip()

    def is_alive(self, now: datetime) -> bool:
        """Whether the token still opens doors at ``now``."""
        return self.revoked_at is None and self.expires_at > now
