"""What a comparison found, and what became of it."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

EXAMPLES = 10


class Kind(StrEnum):
    """A way in which balance, rows and store can differ."""

    BALANCE = "balance"
    ORPHAN = "orphan_objects"
    LANDING = "landing_leftovers"
    FORMER = "former_versions"
    MULTIPART = "stale_multiparts"
    MISSING = "missing_objects"
    SIZE = "wrong_sizes"


IN_WORDS = {
    Kind.BALANCE: "what is counted is not what the rows add up to",
    Kind.ORPHAN: "objects that no row names",
    Kind.LANDING: "bytes of uploads that have ended",
    Kind.FORMER: "objects whose former versions or delete markers no row needs",
    Kind.MULTIPART: "unfinished multipart uploads that no pending upload knows",
    Kind.MISSING: "versions whose object is not in the store",
    Kind.SIZE: "objects of another size than their version",
}


@dataclass(slots=True)
class Found:
    """Differences of one kind: how many, some of them, and how many were repaired."""

    count: int = 0
    fixed: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        """Count one more."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


@dataclass(slots=True)
class Findings:
    """Everything that was found in one tenant."""

    objects: int = 0
    versions: int = 0
    young: int = 0
    """Objects and parts that no row knows and that are too young to be judged."""
    unsettled: int = 0
    """Ended uploads whose rest is still to be taken out of the store: no difference, only work."""
    found: dict[Kind, Found] = field(default_factory=lambda: {kind: Found() for kind in Kind})

    def add(self, kind: Kind, example: str) -> None:
        """Count a difference."""
        self.found[kind].add(example)

    def fixed(self, kind: Kind, count: int = 1) -> None:
        """Count what was repaired."""
        self.found[kind].fixed += count

    @property
    def left(self) -> int:
        """How many differences there still are."""
        return sum(found.count - found.fixed for found in self.found.values())

    def counts(self) -> dict[str, int]:
        """Return how many there were of each kind that there was."""
        return {str(kind): found.count for kind, found in self.found.items() if found.count}

    def packed(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        names = ("objects", "versions", "young", "unsettled", "left")
        found = {str(kind): asdict(found) for kind, found in self.found.items() if found.count}
        return {**{name: getattr(self, name) for name in names}, "differences": found}
