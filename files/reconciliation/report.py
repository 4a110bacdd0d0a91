"""What a comparison found, and what became of it."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from core.text.normalization import pluralize
from tenants.models import Tenant

MAX_EXAMPLES = 10


class DifferenceKind(StrEnum):
    """A way in which balance, rows and store can differ."""

    BALANCE = "balance"
    ORPHAN = "orphan_objects"
    LANDING = "landing_leftovers"
    FORMER = "former_versions"
    MULTIPART = "stale_multiparts"
    MISSING = "missing_objects"
    SIZE = "wrong_sizes"


DESCRIPTIONS = {
    DifferenceKind.BALANCE: "what is counted is not what the rows add up to",
    DifferenceKind.ORPHAN: "objects that no row names",
    DifferenceKind.LANDING: "bytes of uploads that have ended",
    DifferenceKind.FORMER: "objects whose former versions or delete markers no row needs",
    DifferenceKind.MULTIPART: "unfinished multipart uploads that no pending upload knows",
    DifferenceKind.MISSING: "versions whose object is not in the store",
    DifferenceKind.SIZE: "objects of another size than their version",
}


@dataclass(slots=True)
class DifferenceCount:
    """Differences of one kind: how many, some of them, and how many were repaired."""

    count: int = 0
    fixed: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        """Count one more."""
        self.count += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(example)


@dataclass(slots=True)
class ReconciliationReport:
    """Everything that was found in one tenant."""

    objects: int = 0
    versions: int = 0
    young: int = 0
    """Objects and parts that no row knows and that are too young to be judged."""
    unsettled: int = 0
    """Ended uploads whose rest is still to be taken out of the store: no difference, only work."""
    found: dict[DifferenceKind, DifferenceCount] = field(
        default_factory=lambda: {kind: DifferenceCount() for kind in DifferenceKind}
    )

    def add(self, kind: DifferenceKind, example: str) -> None:
        """Count a difference."""
        self.found[kind].add(example)

    def fixed(self, kind: DifferenceKind, count: int = 1) -> None:
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


# Telling what was found.


def report_as_json(tenant: Tenant, found: ReconciliationReport | str) -> dict[str, Any]:
    """Return what was found in a tenant, or why nothing could be, for JSON."""
    name = {"id": str(tenant.id), "subdomain": tenant.slug}
    return {**name, "error": found} if isinstance(found, str) else {**name, **found.packed()}


def report_as_text(tenant: Tenant, found: ReconciliationReport | str) -> str:
    """Return the same for people."""
    if isinstance(found, str):
        return f"{tenant.slug}: COULD NOT BE COMPARED: {found}"
    state = f"{pluralize(found.left, 'DIFFERENCE', 'DIFFERENCES')}" if found.left else "agrees"
    rest = [f"{found.young} too young to judge"] if found.young else []
    rest += [f"{pluralize(found.unsettled, 'upload')} to be settled"] if found.unsettled else []
    compared = f"{pluralize(found.versions, 'version')}, {pluralize(found.objects, 'object')}"
    head = f"{tenant.slug}: {state}, {compared}"
    lines = [", ".join([head, *rest])]
    for kind, differing in found.found.items():
        if differing.count:
            fixed = f", {differing.fixed} repaired" if differing.fixed else ""
            lines.append(f"  {differing.count}{fixed}: {DESCRIPTIONS[kind]}")
            lines += [f"    {example}" for example in differing.examples]
    return "\n".join(lines)
