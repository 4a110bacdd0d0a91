"""The result of a run for one tenant."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from tenants.schemas.errors import DatabaseErrorKind


class Outcome(StrEnum):
    """The outcome of the work on one tenant."""

    DONE = "done"
    FAILED = "failed"  # permanent: a retry would fail again
    LOCKED = "locked"  # another session held a lock for too long
    LOST = "lost"  # the connection or the worker process was lost
    CANCELLED = "cancelled"  # the run was interrupted
    GONE = "gone"  # the tenant was deleted during the run


TRANSIENT_OUTCOMES = frozenset({Outcome.LOCKED, Outcome.LOST})
OUTCOME_BY_ERROR_KIND = {
    DatabaseErrorKind.LOCKED: Outcome.LOCKED,
    DatabaseErrorKind.LOST: Outcome.LOST,
    DatabaseErrorKind.CANCELLED: Outcome.FAILED,  # a statement timeout, or an interrupted run
    DatabaseErrorKind.OTHER: Outcome.FAILED,
}


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one attempt. ``detail`` is an error or a command's output."""

    outcome: Outcome
    seconds: float
    detail: str = ""
    steps: tuple[str, ...] = ()
    tries: int = 1

    @property
    def succeeded(self) -> bool:
        """Whether this tenant needs no further work."""
        return self.outcome in {Outcome.DONE, Outcome.GONE}

    def to_json(self) -> dict[str, Any]:
        """Return the value as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Return the result from its JSON."""
        steps = tuple(fields["steps"])
        return cls(**{**fields, "outcome": Outcome(fields["outcome"]), "steps": steps})


def error_text(error: BaseException) -> str:
    """Return the message of an error, without a traceback."""
    return str(error).strip() or type(error).__name__
