"""An owner helps somebody who has lost their second factor and the recovery codes."""

import uuid

from django.db import transaction

from accounts.actors import actor_of
from accounts.factors.services import remove_factors
from accounts.models import User
from accounts.users.ownership import acting, found, locked_owners
from accounts.users.permissions import require_may


def reset_factors(person_id: uuid.UUID, *, by: User) -> None:
    """Take every second factor from a person; without any nothing changes.

    Raises NotFound, PermissionRefused.
    """
    with transaction.atomic():
        locked = locked_owners(by.pk, person_id)
        actor, person = acting(locked, by), found(locked, person_id)
        require_may("reset_factors", actor, person)
        remove_factors(person, actor=actor_of(actor))
