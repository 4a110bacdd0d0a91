"""What operators are told of the names of tenants."""

from typing import Any, TypedDict

from core.text.formatting import time_or_none
from core.text.normalization import counted
from tenants.domains.dns_proof import Outcome, proof_record
from tenants.management.terminal import show_table, table_of
from tenants.models import Domain

LOST = "proved without its record"
# What a failing name server says of the record is nothing.
GONE = frozenset({Outcome.NOT_FOUND, Outcome.WRONG_VALUE, Outcome.NXDOMAIN})
COLUMNS = ("tenant", "domain", "state", "result", "checked_at")


class Report(TypedDict):
    """One name; times are RFC 3339, empty for what has not happened."""

    tenant: str
    domain: str
    kind: str
    state: str
    result: str
    checked_at: str
    proved_at: str
    redirected_until: str
    record: dict[str, str] | None


def report_of(domain: Domain) -> Report:
    """Return what is known of a name, with the record that proves it if it is a custom domain."""
    proof = None if domain.is_label else proof_record(domain)
    return {
        "tenant": domain.tenant.slug,
        "domain": domain.domain,
        "kind": domain.kind,
        "state": state_of(domain),
        "result": domain.check_result,
        "checked_at": _time(domain.checked_at),
        "proved_at": _time(domain.verified_at),
        "redirected_until": _time(domain.redirect_until),
        "record": {"name": proof.name, "type": proof.type, "value": proof.value} if proof else None,
    }


def state_of(domain: Domain) -> str:
    """Return what a name does, in words."""
    if domain.is_label:
        if domain.redirect_until:
            return "redirected"
        return "primary" if domain.is_primary else "answers"
    if not domain.verified_at:
        return "claimed"
    return LOST if domain.check_result in GONE else "proved"


def named_table(reports: list[Report], out: Any) -> None:
    """Print one line for each name."""
    table = table_of(COLUMNS, title=counted(len(reports), "name"))
    for told in reports:
        table.add_row(*(str(told[column]) for column in COLUMNS))  # type: ignore[literal-required]
    show_table(out, table)


def _time(moment: Any) -> str:
    return time_or_none(moment) or ""
