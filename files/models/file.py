"""Files of a tenant and their versions."""

from django.db import models
from django.db.models import Q
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
