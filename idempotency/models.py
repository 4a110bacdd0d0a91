"""Stored responses of requests with an Idempotency-Key."""

from django.db import models


class Answer(models.Model):
    """The response to one key of one caller. The body is encrypted, because it may hold tokens."""

    key_hash = models.BinaryField(primary_key=True, max_length=32)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.BinaryField(default=b"")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return bytes(self.key_hash).hex()
