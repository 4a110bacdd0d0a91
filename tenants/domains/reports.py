"""Reports on domains for the command ``domains``."""

from typing import Any, TypedDict

from core.text.normalization import pluralize, timestamp_or_none
from tenants.domains.dns_proof import CheckResult, proof_record
from tenants.management.terminal import make_table, print_table
from tenants.models import Domain

RECORD_MISSING = "proved without its record"
# A failing name server says nothing about the record, so SERVFAIL and TIMEOUT are not here.
MISSING_RESULTS = frozenset({CheckResult.NOT_FOUND, CheckResult.WRONG_VALUE, CheckResult.NXDOMAIN})
COLUMNS = ("tenant", "domain", "state", "result", "checked_at")


class DomainReport(TypedDict):
    """One domain. Times are RFC 3339, or empty."""

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
    """Return the report on a domain; a custom domain includes its DNS record."""
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
    """Return the state of a domain as text."""
    if domain.is_label:
        if domain.redirect_until:
            return "redirected"
        return "primary" if domain.is_primary else "answers"
    if not domain.verified_at:
        return "claimed"
    return RECORD_MISSING if domain.check_result in MISSING_RESULTS else "proved"


def print_domains(reports: list[DomainReport], out: Any) -> None:
    """Print a table with one row per domain."""
    table = make_table(COLUMNS, title=pluralize(len(reports), "name"))
    for report in reports:
        table.add_row(*(str(report[column]) for column in COLUMNS))  # type: ignore[literal-required]
    print_table(out, table)


def _time_text(moment: Any) -> str:
    return timestamp_or_none(moment) or ""
