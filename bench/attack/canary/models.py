"""A row that says whose it is. The table is in ``public`` too, where no answer may read it."""

from django.db import models

from bench.attack.cases import labels_of


class Canary(models.Model):
    """``label`` reads ``canary:<owner>:<number>``; ``note`` is written by the views."""

    label = models.CharField(max_length=60, unique=True)
    note = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return str(self.label)


def plant(owner: str) -> None:
    """Make the rows of ``owner`` in the schema that the code is in."""
    Canary.objects.bulk_create(Canary(label=label) for label in labels_of(owner))
