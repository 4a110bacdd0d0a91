"""What became of one tenant."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from tenants.schemas.errors import DatabaseErrorKind


class Outcome(StrEnum):
    """How work on one tenant ended."""

    DONE = "done"
    FAILED = "failed"  # by its own fault: it would fail again
    LOCKED = "locked"  # somebody else held a lock for too long
    LOST = "lost"  # the database or the worker process went away
    CANCELLED = "cancelled"  # the run was told to stop
    GONE = "gone"  # the tenant was deleted meanwhile


TRANSIENT_OUTCOMES = frozenset({Outcome.LOCKED, Outcome.LOST})
OUTCOME_BY_ERROR_KIND = {
    DatabaseErrorKind.LOCKED: Outcome.LOCKED,
    DatabaseErrorKind.LOST: Outcome.LOST,
    DatabaseErrorKind.CANCELLED: Outcome.FAILED,  # by a timeout, unless the run was told to stop
    DatabaseErrorKind.OTHER: Outcome.FAILED,
}


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one try. ``detail`` is an error or a command's output."""

    outcome: Outcome
    seconds: float
    detail: str = ""
    steps: tuple[str, ...] = ()
    tries: int = 1

    @property
    def succeeded(self) -> bool:
        """Whether nothing is left to do for this tenant."""
        return self.outcome in {Outcome.DONE, Outcome.GONE}

    def packed(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def unpacked(cls, fields: dict[str, Any]) -> Self:
        """Return the result that ``packed`` was made of."""
        steps = tuple(fields["steps"])
        return cls(**{**fields, "outcome": Outcome(fields["outcome"]), "steps": steps})


def error_text(error: BaseException) -> str:
    """Return an error in a few words, without a traceback."""
    return str(error).strip() or type(error).__name__
