"""People of a tenant in its audit trail."""

from accounts.models import User
from audit.services import Actor, Target


def user_actor(user: User) -> Actor:
    """Return a person as somebody who acts."""
    return Actor("user", str(user.id), user.email)


def user_target(user: User) -> Target:
    """Return a person as somebody who is acted on."""
    return Target("user", str(user.id), user.email)
