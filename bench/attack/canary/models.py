"""A row that names its owner. The table is in ``public`` too, where no response may read it."""

from django.db import models

from bench.attack.labels import labels_of


class Canary(models.Model):
    """``label`` reads ``canary:<owner>:<number>``; ``note`` is written by the views."""

    label = models.CharField(max_length=60, unique=True)
    note = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return str(self.label)


def seed(owner: str) -> None:
    """Insert the rows of ``owner`` into the current schema."""
    Canary.objects.bulk_create(Canary(label=label) for label in labels_of(owner))
