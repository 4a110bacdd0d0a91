"""The canary, a row that names its owner. ``public`` has the table too; no response may show it."""

from django.db import models

from bench.attack.cases import labels_of


class Canary(models.Model):
    """``label`` is ``canary:<owner>:<number>``; ``note`` is written by the views."""

    label = models.CharField(max_length=60, unique=True)
    note = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return str(self.label)


def create_canaries(owner: str) -> None:
    """Create the rows of ``owner`` in the current schema."""
    Canary.objects.bulk_create(Canary(label=label) for label in labels_of(owner))
