"""Database tables of files. The content is in the object store."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from uuid6 import uuid7

from accounts.models import User
from core.db_backend.fields import UpdatedAtField
from files.folders.expressions import FolderOf


class File(models.Model):
    """A file name of one user, and its versions; in the trash once ``deleted_at`` is set."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=255)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="files")
    # Deferred: PostgreSQL checks it at commit, so a file and its first version are created
    # together, and no file is ever visible without a version. A version is deleted only with its
    # file.
    current = models.OneToOneField("FileVersion", on_delete=models.RESTRICT, related_name="+")
    # A copy of the current version's size, so that an index can order lists by it.
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
                FolderOf("name"), "name", "id", condition=Q(deleted_at=None), name="files_in_folder"
            ),
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
    """One content of a file. It is immutable; new content is a new version."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    file = models.ForeignKey(File, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    # Relative to the tenant's prefix, which files/storage/backend.py adds at each call. A row that
    # got into another tenant's schema by mistake could still not name this tenant's object.
    object_name = models.CharField(max_length=255, db_index=True)
    # A restored version is a new row over the same object, which counts once.
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


class Upload(models.Model):
    """The record of one object, created before its first byte is sent to the store.

    - ``pending``: bytes may be in the store, and quota is reserved. With ``verify_at`` the object
      is complete and waits for its verification (files/uploads/verification.py).
    - ``ready``: a FileVersion with the same id exists.
    - ``failed``, ``purged``: no version exists. ``cleared_at`` is set once the store has deleted
      everything; until then the clean-up retries (files/uploads/cleanup.py).
    """

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        PURGED = "purged", "Purged"

    class Strategy(models.TextChoices):
        """How the content is sent: through the backend, or directly to the store."""

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
    # Why a failed upload failed; empty otherwise.
    reason = models.CharField(max_length=11, choices=Reason.choices, blank=True, db_default="")
    # Declared by the client, and not trusted before the object is verified.
    name = models.CharField(max_length=255, blank=True, db_default="")
    size = models.BigIntegerField(null=True)
    content_type = models.CharField(max_length=255, blank=True, db_default="")
    sha256 = models.CharField(max_length=64, blank=True, db_default="")
    part_size = models.BigIntegerField(null=True)
    # Reserved quota while pending, in addition to one object (files/quota.py).
    reserved_bytes = models.BigIntegerField(default=0, db_default=0)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_default=Now())
    # When the first byte must be in the store; NULL once it is, and for uploads through the
    # backend.
    start_by = models.DateTimeField(null=True, editable=False)
    cleared_at = models.DateTimeField(null=True, blank=True)
    # When it is to be verified next. A verifier moves it forward as its lease.
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
                # A single upload has a second object in staging (files/uploads/objects.py).
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
        """Whether the object is complete in the store and waits for its verification."""
        return self.state == self.State.PENDING and self.verify_at is not None

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class Share(models.Model):
    """A public link to a file's current content.

    Requests are compared with a keyed hash of the token. The encrypted token is kept to show the
    link again to users who may manage it (accounts/encryption.py).
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


class Balance(models.Model):
    """The tenant's use of its quota. Each change of stored objects updates this row as well.

    ``used`` is the sum over versions without restored ones, which share an object. ``reserved`` is
    the sum over pending uploads. Concurrent uploads wait for each other on this row, so that
    together they stay within the limit (files/quota.py).
    """

    ONLY = 1

    id = models.SmallIntegerField(primary_key=True, default=ONLY, editable=False)
    used_bytes = models.BigIntegerField(default=0)
    used_objects = models.BigIntegerField(default=0)
    reserved_bytes = models.BigIntegerField(default=0)
    reserved_objects = models.BigIntegerField(default=0)
    # When rows and store were last compared (files/reconciliation).
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
