"""What happens to uploads when somebody is forgotten."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.users.erasure import user_erased
from files.models import Upload
from files.uploads.state import mark_failed


@receiver(user_erased, dispatch_uid="files.person_erased")
def _erase_upload_names(person: User, **_: Any) -> None:
    """Forget what they called their uploads; what became of them is the workspace's, and stays.

    Nobody completes those that are under way any more. The store is cleared of them later.
    """
    uploads = Upload.objects.filter(created_by=person)
    uploads.exclude(name="").update(name="")
    pending = uploads.filter(state=Upload.State.PENDING).values_list("pk", flat=True)
    mark_failed(list(pending), Upload.Reason.ABORTED)
