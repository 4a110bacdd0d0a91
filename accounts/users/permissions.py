"""Who may do what to whom, as data. Beside accounts/actions.py, which says who may use a call.

Administrators can do nothing to owners, and make none. People do not decide about their own role
and activity; owners alone may step down, and only while another one is left
(accounts/users/ownership.py).
"""

from dataclasses import dataclass

from accounts.actions import ACTIONS, ADMIN, ALL, MANAGERS, MEMBER, OWNER, OWNERS
from accounts.factors.proof import require_recent_proof
from accounts.models import User
from accounts.people.finding import locked_person
from accounts.problems import TokenInvalid
from core.problems import PermissionRefused
from core.request_context import request_context

NOBODY: frozenset[str] = frozenset()
NO_OWNERS = frozenset({ADMIN, MEMBER})


@dataclass(frozen=True, slots=True)
class Rule:
    """To people of which roles owners and administrators may do it, and who may to themselves.

    ``proof`` are the roles of people to whom it is done only with a recent proof of who asks.
    """

    owners: frozenset[str]
    admins: frozenset[str]
    oneself: frozenset[str]
    proof: frozenset[str] = frozenset()


RULES = {
    "create": Rule(ALL, NO_OWNERS, NOBODY, proof=MANAGERS),
    "invite": Rule(ALL, NO_OWNERS, NOBODY, proof=MANAGERS),
    "uninvite": Rule(ALL, NO_OWNERS, NOBODY),
    "rename": Rule(ALL, NO_OWNERS, MANAGERS),
    # Who sets an address can have the password that is mailed to it.
    "readdress": Rule(ALL, NO_OWNERS, MANAGERS, proof=ALL),
    "appoint": Rule(ALL, NO_OWNERS, OWNERS, proof=ALL),
    "deactivate": Rule(ALL, NO_OWNERS, OWNERS, proof=MANAGERS),
    "reactivate": Rule(ALL, NO_OWNERS, NOBODY, proof=MANAGERS),
    "remove": Rule(ALL, NO_OWNERS, MANAGERS, proof=MANAGERS),
    "end_sessions": Rule(ALL, NO_OWNERS, MANAGERS, proof=MANAGERS),
    "erase": Rule(ALL, NOBODY, OWNERS, proof=ALL),
    "reset_factors": Rule(NO_OWNERS, NOBODY, NOBODY, proof=ALL),
    "export": Rule(ALL, NO_OWNERS, ALL),
}


def require_may(verb: str, actor: User, person: User, *, role: str = "") -> None:
    """Raise PermissionRefused unless ``actor`` may do it to ``person``, then ProofRequired.

    ``role`` is the one that the person is to have; it must be one that the actor may deal with too.
    A person's own sessions are ended without a proof: that protects them and grants nothing.
    """
    rule = RULES[verb]
    rank = rank_of(actor)
    if actor.pk == person.pk:
        # A key that does not act as the owner it is of must not remove that owner either.
        allowed = rank in rule.oneself and (rank == actor.role or actor.role in rule.admins)
    else:
        reach = {OWNER: rule.owners, ADMIN: rule.admins}.get(User.Role(rank), NOBODY)
        allowed = person.role in reach and (not role or role in reach)
    if not allowed:
        raise PermissionRefused
    ends_own_sessions = verb == "end_sessions" and actor.pk == person.pk
    if person.role in rule.proof and not ends_own_sessions:
        require_recent_proof()


def still_allowed(action: str, by: User) -> User:
    """Return who acts as they are now, with their row locked until the commit.

    What they were when they asked may be over: this is asked first in the transaction that writes,
    before anything else is locked. Raises TokenInvalid for who is out since, and PermissionRefused
    for who may no longer do it (accounts/actions.py).
    """
    actor = locked_person(by.pk)
    if actor is None or not actor.is_active:
        raise TokenInvalid
    if actor.role not in ACTIONS[action].roles:
        raise PermissionRefused
    return actor


def rank_of(actor: User) -> str:
    """Return the role that counts. An owner's API key makes and unmakes no owners."""
    by_key = bool(request_context().api_key)
    return ADMIN if by_key and actor.role == OWNER else actor.role
