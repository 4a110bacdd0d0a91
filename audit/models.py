"""Audit events. There is one trail in the public schema and one in each tenant's schema."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7


class AuditEvent(models.Model):
    """One audited action. The application's role can only insert and read rows.

    Personal data is kept in the labels, the IP address and the user agent only, because these are
    the columns that an erasure clears.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(_("time"), auto_now_add=True)
    action = models.CharField(_("action"), max_length=60)
    actor_type = models.CharField(_("kind of actor"), max_length=12)
    actor_id = models.CharField(_("id of the actor"), max_length=64, blank=True)
    actor_label = models.CharField(_("actor"), max_length=254, blank=True)
    target_type = models.CharField(_("kind of target"), max_length=30, blank=True)
    target_id = models.CharField(_("id of the target"), max_length=64, blank=True)
    target_label = models.CharField(_("target"), max_length=254, blank=True)
    ip = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("browser or program"), max_length=400, blank=True)
    request_id = models.CharField(_("id of the request"), max_length=128, blank=True)
    details = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=["-at", "-id"], name="audit_newest_first"),
            models.Index(fields=["actor_id", "-at", "-id"], name="audit_by_actor"),
            models.Index(fields=["target_id", "-at", "-id"], name="audit_by_target"),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target_label}".strip()


class AuditLink(models.Model):
    """The position of an event in its trail's hash chain. PostgreSQL adds it at commit.

    The hash covers the previous hash, the columns without personal data, and two commitments:
    salted hashes of the personal data of the actor and of the target. An erasure deletes the salt
    and stores the id of the ``person.erased`` event. The application's role can only read links.
    The functions are in functions.sql.
    """

    event = models.OneToOneField(
        AuditEvent,
        on_delete=models.DO_NOTHING,
        db_constraint=False,  # a removed event must be detectable, so the link must remain
        primary_key=True,
        related_name="link",
    )
    sequence = models.BigIntegerField(unique=True, null=True)
    hash = models.BinaryField(max_length=32, null=True)
    actor_salt = models.BinaryField(max_length=16, null=True)
    actor_promise = models.BinaryField(max_length=32)
    actor_erased_by = models.UUIDField(null=True)
    target_salt = models.BinaryField(max_length=16, null=True)
    target_promise = models.BinaryField(max_length=32)
    target_erased_by = models.UUIDField(null=True)

    def __str__(self) -> str:
        return f"{self.sequence} {self.event_id}"
