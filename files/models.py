"""Files of a tenant and their versions."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from uuid6 import uuid7

from accounts.models import User
from core.db_backend.fields import UpdatedAtField


class File(models.Model):
    """A name under which a person keeps versions of some bytes; in the trash once deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=255)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="files")
    # Checked at commit (PostgreSQL defers it), so a file and its first version are made together
    # and no file is ever seen without a version. It goes with its file alone.
    current = models.OneToOneField("FileVersion", on_delete=models.RESTRICT, related_name="+")
    # The current version's, kept here so that lists can be ordered by it from an index.
    size = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = UpdatedAtField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "name"),
                condition=Q(deleted_at__isnull=True),
                name="file_name_unique_while_live",
            ),
            models.CheckConstraint(condition=Q(size__gte=0), name="file_size_not_negative"),
        )
        indexes = (
            models.Index("created_at", "id", condition=Q(deleted_at=None), name="files_by_time"),
            models.Index("name", "id", condition=Q(deleted_at=None), name="files_by_name"),
            models.Index("size", "id", condition=Q(deleted_at=None), name="files_by_size"),
            models.Index(
                "owner", "created_at", "id", condition=Q(deleted_at=None), name="files_of_owner"
            ),
            models.Index(
                "deleted_at", "id", condition=Q(deleted_at__isnull=False), name="files_in_trash"
            ),
        )

    def __str__(self) -> str:
        return self.name


class FileVersion(models.Model):
    """One content of a file. Its bytes never change; new bytes are a new version."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    file = models.ForeignKey(File, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    # Below the tenant's prefix, which files/storage/backend.py puts in front at each call: a row
    # that strayed into another tenant's schema could still not name this tenant's object.
    object_name = models.CharField(max_length=255, db_index=True)
    # A restored version is a new one over the same object, which is counted once.
    restored_from = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, related_name="+", editable=False
    )
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    content_type = models.CharField(max_length=255)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("file", "-number")
        constraints = (
            models.UniqueConstraint(fields=("file", "number"), name="file_version_number_unique"),
            models.UniqueConstraint(
                fields=("object_name",),
                condition=Q(restored_from__isnull=True),
                name="file_version_object_unique",
            ),
            models.CheckConstraint(condition=Q(size__gte=0), name="file_version_size_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.file_id} v{self.number}"


# The record of every object: written before its first byte, kept until the store has let it go.
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
                # What came by one request has landed beside its object (files/uploads/objects.py).
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


# Links that open one file to whoever has them.
class Share(models.Model):
    """A link to a file's current content. Of its token a keyed hash is compared; the sealed text
    is for showing the link again to those who may manage it (accounts/encryption.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    file = models.ForeignKey(File, on_delete=models.CASCADE, related_name="shares")
    token_hash = models.BinaryField(max_length=32, unique=True)
    token_sealed = models.TextField()
    password = models.CharField(max_length=255, blank=True)
    expires_at = models.DateTimeField(null=True)
    max_downloads = models.PositiveIntegerField(null=True)
    downloads = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(max_downloads=None) | Q(downloads__lte=models.F("max_downloads")),
                name="share_opened_within_its_count",
            ),
        )
        indexes = (
            models.Index("file", "created_at", "id", name="shares_of_file"),
            models.Index("created_at", "id", name="shares_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.id} of {self.file_id}"


# What the tenant's objects take of its quota.


class Balance(models.Model):
    """The one row that every change of what is stored goes through, in the same transaction.

    ``used`` is the sum over versions, restored ones left out, since they share an object.
    ``reserved`` is the sum over pending uploads. Uploads at once wait for each other on this row,
    so that together they never take more than there is (files/quota.py).
    """

    ONLY = 1

    id = models.SmallIntegerField(primary_key=True, default=ONLY, editable=False)
    used_bytes = models.BigIntegerField(default=0)
    used_objects = models.BigIntegerField(default=0)
    reserved_bytes = models.BigIntegerField(default=0)
    reserved_objects = models.BigIntegerField(default=0)
    # When rows and store were last compared (files/reconciling).
    reconciled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(id=1), name="balance_is_one_row"),
            models.CheckConstraint(
                condition=Q(used_bytes__gte=0)
                & Q(used_objects__gte=0)
                & Q(reserved_bytes__gte=0)
                & Q(reserved_objects__gte=0),
                name="balance_not_negative",
            ),
        )

    def __str__(self) -> str:
        return f"{self.used_bytes} bytes in {self.used_objects} objects"
