"""The record of every object: written before its first byte, kept until the store has let it go."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from uuid6 import uuid7

from accounts.models import User


class Upload(models.Model):
    """Written before the first byte goes to the store, so that nothing there is unaccounted for.

    ``pending`` may have bytes in the store, and holds a reservation of the tenant's quota; with
    ``verify_at`` it is whole there and waits to be read (files/uploads/verification.py).
    ``ready`` has a FileVersion with the same id. ``failed`` and ``purged`` must have none;
    ``cleared_at`` tells when the store confirmed that, and rows without it are tried again
    (files/uploads/cleanup.py).
    """

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        PURGED = "purged", "Purged"

    class Strategy(models.TextChoices):
        """How the bytes come: through the backend, or from the client straight to the store."""

        BACKEND = "backend", "Through the backend"
        SINGLE = "single", "By one request to the store"
        MULTIPART = "multipart", "Part by part to the store"

    class Reason(models.TextChoices):
        """Why an upload failed."""

        ABORTED = "aborted", "Aborted by its sender"
        EXPIRED = "expired", "Not completed in time"
        INTERRUPTED = "interrupted", "Broken off or refused on the way"
        MISMATCH = "mismatch", "Not what was announced"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    object_name = models.CharField(max_length=255, unique=True)
    multipart_id = models.CharField(max_length=1024, blank=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.PENDING)
    strategy = models.CharField(
        max_length=9, choices=Strategy.choices, default=Strategy.BACKEND, db_default="backend"
    )
    # Why no file came of it; empty otherwise.
    reason = models.CharField(max_length=11, choices=Reason.choices, blank=True, db_default="")
    # What the client said of it; nothing of it is believed before the object was looked at.
    name = models.CharField(max_length=255, blank=True, db_default="")
    size = models.BigIntegerField(null=True)
    content_type = models.CharField(max_length=255, blank=True, db_default="")
    sha256 = models.CharField(max_length=64, blank=True, db_default="")
    part_size = models.BigIntegerField(null=True)
    # Of the tenant's quota, while it is pending; it takes one object as well (files/quota.py).
    reserved_bytes = models.BigIntegerField(default=0, db_default=0)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_default=Now())
    # By when something must have arrived in the store; NULL once it has, and where no one asks.
    start_by = models.DateTimeField(null=True, editable=False)
    cleared_at = models.DateTimeField(null=True, blank=True)
    # When somebody is to read it next. Whoever does puts it off meanwhile.
    verify_at = models.DateTimeField(null=True, blank=True)
    verify_attempts = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(reserved_bytes__gte=0), name="upload_reserves_not_negative"
            ),
        )
        indexes = (
            models.Index(
                "created_at",
                # What came by one request has landed beside its object (files/uploads/landing.py).
                condition=Q(cleared_at=None) & (~Q(state="ready") | Q(strategy="single")),
                name="uploads_not_settled",
            ),
            models.Index(
                "expires_at",
                condition=Q(strategy="single", cleared_at__lt=F("expires_at")),
                name="uploads_landing_again",
            ),
            models.Index("verify_at", condition=Q(state="pending"), name="uploads_to_verify"),
            models.Index(
                "created_by",
                "created_at",
                "id",
                condition=Q(state="pending"),
                name="uploads_open_of_user",
            ),
            models.Index(
                "start_by",
                condition=Q(state="pending", start_by__isnull=False),
                name="uploads_to_start",
            ),
        )

    @property
    def is_verifying(self) -> bool:
        """Whether it is whole in the store and is read after the answer."""
        return self.state == self.State.PENDING and self.verify_at is not None

    def __str__(self) -> str:
        return f"{self.id} {self.state}"
