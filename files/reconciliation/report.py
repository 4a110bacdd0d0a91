"""The report of a reconciliation: differences by kind, as data and as text."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from core.text.normalization import pluralize
from tenants.models import Tenant

MAX_EXAMPLES = 10


class DifferenceKind(StrEnum):
    """A way in which balance, rows and store can differ. The values are public."""

    BALANCE = "balance"
    ORPHAN = "orphan_objects"
    STAGING = "landing_leftovers"
    NONCURRENT = "former_versions"
    MULTIPART = "stale_multiparts"
    MISSING = "missing_objects"
    SIZE = "wrong_sizes"


DESCRIPTIONS = {
    DifferenceKind.BALANCE: "the balance differs from the sums of the rows",
    DifferenceKind.ORPHAN: "objects that no row names",
    DifferenceKind.STAGING: "staging objects of uploads that have ended",
    DifferenceKind.NONCURRENT: "objects with old versions or delete markers that no row needs",
    DifferenceKind.MULTIPART: "multipart uploads without a pending upload",
    DifferenceKind.MISSING: "versions (or the logo) whose object is missing in the store",
    DifferenceKind.SIZE: "objects whose size differs from their version",
}


@dataclass(slots=True)
class DifferenceCount:
    """The number of differences of one kind, the number of repaired ones, and examples."""

    count: int = 0
    fixed: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        """Count one more difference."""
        self.count += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(example)


@dataclass(slots=True)
class ReconciliationReport:
    """The result of a reconciliation of one tenant."""

    objects: int = 0
    versions: int = 0
    young: int = 0
    """Objects and parts without a row that are too new to be a difference."""
    unsettled: int = 0
    """Ended uploads that are still to be cleaned up, which is not a difference."""
    differences: dict[DifferenceKind, DifferenceCount] = field(
        default_factory=lambda: {kind: DifferenceCount() for kind in DifferenceKind}
    )

    def add(self, kind: DifferenceKind, example: str) -> None:
        """Count a difference."""
        self.differences[kind].add(example)

    def add_fixed(self, kind: DifferenceKind, count: int = 1) -> None:
        """Count repaired differences."""
        self.differences[kind].fixed += count

    @property
    def left(self) -> int:
        """The number of differences that are not repaired."""
        return sum(found.count - found.fixed for found in self.differences.values())

    def counts(self) -> dict[str, int]:
        """Return the number of differences of each kind that was found."""
        return {str(kind): found.count for kind, found in self.differences.items() if found.count}

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        names = ("objects", "versions", "young", "unsettled", "left")
        found = {
            str(kind): asdict(found) for kind, found in self.differences.items() if found.count
        }
        return {**{name: getattr(self, name) for name in names}, "differences": found}


def report_as_json(tenant: Tenant, result: ReconciliationReport | str) -> dict[str, Any]:
    """Return the report of a tenant, or the error, for JSON."""
    name = {"id": str(tenant.id), "subdomain": tenant.slug}
    return {**name, "error": result} if isinstance(result, str) else {**name, **result.as_dict()}


def report_as_text(tenant: Tenant, result: ReconciliationReport | str) -> str:
    """Return the report of a tenant, or the error, as lines of text."""
    if isinstance(result, str):
        return f"{tenant.slug}: COULD NOT BE COMPARED: {result}"
    lines = [_summary(tenant, result)]
    for kind, found in result.differences.items():
        if found.count:
            fixed = f", {found.fixed} repaired" if found.fixed else ""
            lines.append(f"  {found.count}{fixed}: {DESCRIPTIONS[kind]}")
            lines += [f"    {example}" for example in found.examples]
    return "\n".join(lines)


def _summary(tenant: Tenant, report: ReconciliationReport) -> str:
    state = pluralize(report.left, "DIFFERENCE", "DIFFERENCES") if report.left else "agrees"
    versions, objects = pluralize(report.versions, "version"), pluralize(report.objects, "object")
    parts = [f"{tenant.slug}: {state}, {versions}, {objects}"]
    if report.young:
        parts.append(f"{report.young} too young to judge")
    if report.unsettled:
        parts.append(f"{pluralize(report.unsettled, 'upload')} to be settled")
    return ", ".join(parts)
