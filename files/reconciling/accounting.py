"""Which objects and multipart uploads the rows of the tenant know of."""

from collections.abc import Collection

from django.db.models import Q

from files.models import FileVersion, Upload
from files.reconciliation.inventory import ListedMultipart, id_from_name
from files.uploads.landing import STAGING_PREFIX, staging_name

PENDING, READY = Upload.State.PENDING, Upload.State.READY
# What is pending may have bytes anywhere; of what ended and was not cleared the row says that they
# are still to be taken out (files/uploads/cleanup.py).
NOT_CLEARED = Q(state=PENDING) | Q(cleared_at=None)


def version_sizes(names: Collection[str]) -> dict[str, int]:
    """Return the sizes that versions have by their objects' names."""
    kept = FileVersion.objects.filter(object_name__in=names, restored_from=None)
    return dict(kept.values_list("object_name", "size"))


def expected_names(names: Collection[str]) -> set[str]:
    """Return which of the names some row stands for: a version, or an upload that is not over.

    Uploads are looked at first: what is no more pending by then has its version already.
    """
    landed = [
        found for name in names if name.startswith(STAGING_PREFIX) and (found := id_from_name(name))
    ]
    uploads = Upload.objects.filter(NOT_CLEARED)
    places = {staging_name(upload) for upload in uploads.filter(pk__in=landed).only("pk")}
    named = uploads.filter(object_name__in=names).exclude(state=READY)
    objects = set(named.values_list("object_name", flat=True))
    return (places | objects | set(version_sizes(names))) & set(names)


def is_expected_multipart(unfinished: ListedMultipart) -> bool:
    """Whether a pending upload waits for these parts, or has not written down yet that it does."""
    pending = Upload.objects.filter(state=PENDING, object_name=unfinished.name)
    return pending.filter(multipart_id__in=("", unfinished.id)).exists()
