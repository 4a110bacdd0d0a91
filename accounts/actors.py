"""References to users and sessions in the audit trail."""

from accounts.models import Session, User
from audit.services import Actor, Target


def user_actor(user: User) -> Actor:
    """Return a user as the actor of an audit event."""
    return Actor("user", str(user.id), user.email)


def user_target(user: User) -> Target:
    """Return a user as the target of an audit event."""
    return Target("user", str(user.id), user.email)


def session_target(session: Session, user: User | None = None) -> Target:
    """Return a session as the target of an audit event, labelled with its user's address.

    ``user`` spares a query where ``session.user`` is not loaded.
    """
    return Target("session", str(session.id), (user or session.user).email)
