"""What is asked in bench/enumeration.py, and whom it is about."""

import secrets
from typing import NamedTuple

from devstack.environment import BASE_DOMAIN

# The last is to be told from none of the others. All have the same length.
KNOWN, INACTIVE, UNKNOWN = "ada@acme.test", "ian@acme.test", "eva@acme.test"
PASSWORD, WRONG = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
REGISTER = "/api/auth/register"
CLOSED, CONFIRMS = f"acme.{BASE_DOMAIN}", f"open.{BASE_DOMAIN}"


class Question(NamedTuple):
    """A call that is sent with several bodies, the last of them about nobody who is known."""

    status: int
    host: str
    path: str
    bodies: dict[str, dict[str, str]]
    as_owner: bool = False


def _bodies(**more: str) -> dict[str, dict[str, str]]:
    return {"known": {"email": KNOWN, **more}, "unknown": {"email": UNKNOWN, **more}}


LOG_INS = {
    "wrong password": {"email": KNOWN, "password": WRONG},
    "inactive": {"email": INACTIVE, "password": PASSWORD},
    "unknown": {"email": UNKNOWN, "password": PASSWORD},
}
QUESTIONS = {
    "log in": Question(401, CLOSED, "/api/auth/login", LOG_INS),
    "forgot": Question(204, CLOSED, "/api/auth/password/forgot", _bodies()),
    "register, closed": Question(403, CLOSED, REGISTER, _bodies(password=PASSWORD)),
    "register, confirmed": Question(202, CONFIRMS, REGISTER, _bodies(password=PASSWORD)),
    "invite": Question(201, CLOSED, "/api/invitations", _bodies(), as_owner=True),
}
