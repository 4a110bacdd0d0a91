"""The table of support accesses, in the public schema."""

from datetime import datetime
from enum import StrEnum

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

MAX_HOURS = 24
MAX_REASON_LENGTH = 500


class AccessState(StrEnum):
    """The state of an access at one moment."""

    REQUESTED = "requested"
    ACTIVE = "active"
    ENDED = "ended"


class SupportAccess(models.Model):
    """One request of a staff user to see a tenant, and the access that an owner grants for it.

    Staff and owner are ids and no foreign keys: this app knows neither of them. The owner is not
    named here, because an erasure in the tenant does not reach this table.
    """

    class End(models.TextChoices):
        """Why an access or a request ended."""

        REFUSED = "refused", _("refused by an owner")
        WITHDRAWN = "withdrawn", _("given up by support")
        REVOKED = "revoked", _("ended by an owner")
        EXPIRED = "expired", _("its time was over")
        UNANSWERED = "unanswered", _("not answered in time")
        TENANT_STOPPED = "tenant_stopped", _("the workspace was suspended or is to be deleted")
        KEY_ROTATED = "key_rotated", _("the signing key was changed")
        STAFF_CHANGED = "staff_changed", _("the staff user lost the role")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.CASCADE,
        related_name="support_accesses",
        verbose_name=_("workspace"),
    )
    staff_id = models.UUIDField(_("id of the staff user"))
    staff_label = models.CharField(_("staff user"), max_length=254)
    reason = models.CharField(_("reason"), max_length=MAX_REASON_LENGTH)
    hours = models.PositiveSmallIntegerField(_("requested hours"))
    requested_at = models.DateTimeField(_("requested at"))
    answer_by = models.DateTimeField(_("to be answered by"))
    owner_id = models.UUIDField(_("id of the owner who decided"), null=True)
    granted_at = models.DateTimeField(_("granted at"), null=True)
    expires_at = models.DateTimeField(_("granted until"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    end_reason = models.CharField(_("why it ended"), max_length=16, choices=End.choices, blank=True)

    class Meta:
        verbose_name = _("support access")
        verbose_name_plural = _("support accesses")
        default_permissions = ("add", "view")
        ordering = ("-requested_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "staff_id"),
                condition=Q(ended_at__isnull=True),
                name="support_access_open_once",
            ),
            models.CheckConstraint(
                condition=Q(hours__gte=1, hours__lte=MAX_HOURS), name="support_access_hours"
            ),
            # A row without an owner's decision never is an access.
            models.CheckConstraint(
                condition=Q(granted_at=None, expires_at=None)
                | Q(
                    granted_at__isnull=False,
                    expires_at__isnull=False,
                    owner_id__isnull=False,
                    expires_at__gt=models.F("granted_at"),
                ),
                name="support_access_granted_by_owner",
            ),
        )

    def __str__(self) -> str:
        return f"{self.staff_label} {self.requested_at:%Y-%m-%d %H:%M}"

    def state_at(self, now: datetime) -> AccessState:
        """Return the state at ``now``. Time ends an access, whether the row is marked or not."""
        if self.ended_at is not None or now >= self.due_at:
            return AccessState.ENDED
        return AccessState.REQUESTED if self.granted_at is None else AccessState.ACTIVE

    @property
    def due_at(self) -> datetime:
        """When time ends the access, or the request if no owner answers it."""
        return self.expires_at if self.expires_at is not None else self.answer_by

    @property
    def reason_for_end(self) -> str:
        """Why it ended; also for a row that time has ended and that is not marked yet."""
        late = self.End.UNANSWERED if self.granted_at is None else self.End.EXPIRED
        return str(self.End(self.end_reason or late).label)
