"""Receivers of signals of users."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import user_erased


@receiver(user_erased, dispatch_uid="files.user_erased")
def _erase_upload_names(user: User, **_: Any) -> None:
    # Loads the client of the object store, which few processes need.
    from files.personal_data import erase_upload_names  # noqa: PLC0415

    erase_upload_names(user)
