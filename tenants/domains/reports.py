"""What operators are told of the names of tenants."""

from typing import Any, TypedDict

from core.text.formatting import pluralize, timestamp_or_none
from tenants.domains.dns_proof import CheckResult, proof_record
from tenants.management.terminal import make_table, print_table
from tenants.models import Domain

RECORD_MISSING = "proved without its record"
# What a failing name server says of the record is nothing.
MISSING_RESULTS = frozenset({CheckResult.NOT_FOUND, CheckResult.WRONG_VALUE, CheckResult.NXDOMAIN})
COLUMNS = ("tenant", "domain", "state", "result", "checked_at")


class DomainReport(TypedDict):
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


def domain_report(domain: Domain) -> DomainReport:
    """Return what is known of a name, with the record that proves it if it is a custom domain."""
    proof = None if domain.is_label else proof_record(domain)
    return {
        "tenant": domain.tenant.slug,
        "domain": domain.domain,
        "kind": domain.kind,
        "state": domain_state(domain),
        "result": domain.check_result,
        "checked_at": _time_text(domain.checked_at),
        "proved_at": _time_text(domain.verified_at),
        "redirected_until": _time_text(domain.redirect_until),
        "record": {"name": proof.name, "type": proof.type, "value": proof.value} if proof else None,
    }


def domain_state(domain: Domain) -> str:
    """Return what a name does, in words."""
    if domain.is_label:
        if domain.redirect_until:
            return "redirected"
        return "primary" if domain.is_primary else "answers"
    if not domain.verified_at:
        return "claimed"
    return RECORD_MISSING if domain.check_result in MISSING_RESULTS else "proved"


def print_domains(reports: list[DomainReport], out: Any) -> None:
    """Print one line for each name."""
    table = make_table(COLUMNS, title=pluralize(len(reports), "name"))
    for told in reports:
        table.add_row(*(str(told[column]) for column in COLUMNS))  # type: ignore[literal-required]
    print_table(out, table)


def _time_text(moment: Any) -> str:
    return timestamp_or_none(moment) or ""
