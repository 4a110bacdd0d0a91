"""Bodies that break off while they are read: what that means."""

from django.http import UnreadablePostError

from core.problems import Problem, RequestTimeout, TooManySlowBodies


class SlowClientLimitError(OSError):
    """A body came slowly while too many others did so too (aggios/server/slow_clients.py)."""


def incomplete_body_problem(exc: UnreadablePostError, otherwise: Problem) -> Problem:
    """Return what the end of a body means that could not be read; ``otherwise`` if it just ended.

    Django hides the error of the connection behind its own.
    """
    cause = exc.__cause__ or exc.__context__
    if isinstance(cause, SlowClientLimitError):
        return slow_client_problem()
    return RequestTimeout() if isinstance(cause, TimeoutError) else otherwise


def slow_client_problem() -> Problem:
    """Return what somebody is told who is slow while too many others are."""
    return TooManySlowBodies(headers={"Retry-After": "10"})
