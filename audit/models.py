"""The record of who did what. One table in the public schema, one in each tenant's."""

from django.db import models
from uuid6 import uuid7


class AuditEvent(models.Model):
    """One thing that somebody did. The application's role can add and read rows only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    action = models.CharField(max_length=60)
    actor_type = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(max_length=254, blank=True)
    target_type = models.CharField(max_length=30, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    target_label = models.CharField(max_length=254, blank=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    request_id = models.CharField(max_length=128, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=["-at", "-id"], name="audit_newest_first"),)

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target_label}".strip()
