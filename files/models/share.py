"""Links that open one file to whoever has them."""

from django.db import models
from django.db.models import Q
from uuid6 import uuid7

from accounts.models import User
from files.models.file import File


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
