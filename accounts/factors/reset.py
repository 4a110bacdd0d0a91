"""An owner helps somebody who has lost their second factor and the recovery codes."""

import uuid

from django.db import transaction

from accounts.actors import user_actor
from accounts.factors.services import remove_all_second_factors
from accounts.models import User
from accounts.users.ownership import lock_owners, locked_actor, locked_user
from accounts.users.permissions import check_permission


def reset_second_factors(person_id: uuid.UUID, *, by: User) -> None:
    """Take every second factor from a person; without any nothing changes.

    Raises NotFound, PermissionRefused.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, person_id)
        actor, person = locked_actor(locked, by), locked_user(locked, person_id)
        check_permission("reset_factors", actor, person)
        remove_all_second_factors(person, actor=user_actor(actor))
