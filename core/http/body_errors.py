"""Request bodies that break off while they are read.

Without Django REST framework, because gunicorn's worker imports it before Django is set up.
"""

from django.http import UnreadablePostError

from core.problems import Problem, RequestTimeout, TooManySlowBodies


class SlowClientLimitError(OSError):
    """A slow body was refused at the slow-client limit (aggios/server/slow_clients.py)."""


def incomplete_body_problem(exc: UnreadablePostError, otherwise: Problem) -> Problem:
    """Return the problem for a body that could not be read; ``otherwise`` if it just ended.

    Django hides the error of the connection behind its own exception.
    """
    cause = exc.__cause__ or exc.__context__
    if isinstance(cause, SlowClientLimitError):
        return slow_client_problem()
    return RequestTimeout() if isinstance(cause, TimeoutError) else otherwise


def slow_client_problem() -> Problem:
    """Return the problem for a slow client while the limit is reached."""
    return TooManySlowBodies(headers={"Retry-After": "10"})
