"""The table after the release."""

from django.db import models


class Entry(models.Model):
    """A line of a ledger."""

    text = models.CharField(max_length=100)
    note = models.CharField(max_length=100, default="", db_default="")

    def __str__(self) -> str:
        return self.text
