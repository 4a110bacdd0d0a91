"""Asking somebody in."""

from django.db import models
from uuid6 import uuid7

from accounts.models.user import User
from core.db_backend.fields import UpdatedAtField


class Invitation(models.Model):
    """Lets one address in once, or, without an address, as many people as it has uses.

    Only the hash of its token is kept; sending it again makes another token.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, blank=True)
    role = models.CharField(max_length=6, choices=User.Role.choices, default=User.Role.MEMBER)
    hash = models.BinaryField(max_length=32, unique=True, null=True)
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
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
