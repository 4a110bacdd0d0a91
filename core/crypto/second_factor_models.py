"""Abstract models of second factors. The apps own the rows (core/crypto/second_factor.py).

A module of their own: consuming a code needs the clients of Redis, which no model does, and every
process imports the models.
"""

from django.db import models
from uuid6 import uuid7


class AbstractAuthenticator(models.Model):
    """A TOTP app (RFC 6238). It is active after a first code has confirmed it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sealed_secret = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    # The time step of the last consumed code: each code is valid once (RFC 6238 section 5.2).
    last_step = models.BigIntegerField(default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.id)


class AbstractRecoveryCode(models.Model):
    """A single-use code for the loss of the app. Only its hash is stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hash = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.id)
