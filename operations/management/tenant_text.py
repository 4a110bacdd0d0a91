"""The report on one tenant (operations/tenant_report.py) as lines of text."""

from collections.abc import Iterator
from typing import Any

from core.text.normalization import noun_form, pluralize
from core.text.sizes import format_share, format_size
from tenants.states import TenantState

LABEL_WIDTH = 16
PLURALS = {"owner": "owners", "admin": "admins", "member": "members"}


def format_tenant(report: dict[str, Any]) -> str:
    """Return the report as text: a label and a value in each line."""
    inside = report["inside"]
    pairs = [
        *_state(report),
        *_domains(report),
        *(_people(inside, report["subdomain"]) if inside else ()),
        *_limits(report),
        *_technical(report),
    ]
    if not inside:
        pairs.append(("not readable", report["inside_error"]))
    lines = [f"{label:{LABEL_WIDTH}} {value}".rstrip() for label, value in pairs]
    return "\n".join([f"{report['name']} ({report['subdomain'] or report['id']})", *lines])


def _state(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "state", _state_text(report)
    if report["status"] == "suspended":
        yield "suspended", report["suspended_reason"] or "no reason was given"
    if report["maintenance"]:
        yield "maintenance", f"{report['maintenance']} since {_minute(report['maintenance_since'])}"
    if report["maintenance_note"]:
        yield "", report["maintenance_note"].strip().partition("\n")[0]
    if report["deletion_due_at"]:
        export = "after an export" if report["export_before_deletion"] else "without an export"
        yield "deletion", f"after {_minute(report['deletion_due_at'])}, {export}"
    yield "created", _minute(report["created_at"])
    yield "registration", report["registration"]


def _state_text(report: dict[str, Any]) -> str:
    slug = report["subdomain"]
    hints = {
        TenantState.SUSPENDED: f"; manage.py resume_tenant {slug}",
        TenantState.SCHEDULED: f"; manage.py delete_tenant {slug} --call-off",
        TenantState.MAINTENANCE: f"; manage.py end_maintenance {slug}",
    }
    return f"{report['state']}{hints.get(report['state'], '')}"


def _domains(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "address", report["url"]
    for domain in report["domains"]:
        if domain["kind"] == "custom" or domain["redirected_until"]:
            until = domain["redirected_until"]
            state = f"redirected until {_minute(until)}" if until else domain["state"]
            yield "domain", f"{domain['domain']}: {state}"


def _people(inside: dict[str, Any], slug: str) -> Iterator[tuple[str, str]]:
    for owner in inside["owners"]:
        yield "owner", owner["email"]
    if not inside["owners"]:
        yield "owner", f"none; manage.py invite {slug} EMAIL --role owner"
    counts = [_role(role, numbers) for role, numbers in inside["people"].items()]
    yield "people", ", ".join(counts)
    yield "sessions", f"{inside['active_sessions']} active"
    waiting = pluralize(inside["waiting_emails"], "e-mail")
    yield "outbox", f"{waiting} waiting, {inside['failed_emails']} of them failed before"


def _role(role: str, numbers: dict[str, int]) -> str:
    inactive = f" ({numbers['inactive']} inactive)" if numbers["inactive"] else ""
    total = numbers["active"] + numbers["inactive"]
    return f"{total} {noun_form(total, role, PLURALS[role])}{inactive}"


def _limits(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    effective, own = report["limits"]["effective"], report["limits"]["own"]
    used = (report["inside"] or {}).get("storage", {})
    sources = {name: "" if value is not None else ", default" for name, value in own.items()}
    size, objects = effective["storage_bytes"], effective["storage_objects"]
    yield "storage", _share(used, "bytes", size, format_size) + sources["storage_bytes"]
    yield "objects", _share(used, "objects", objects, str) + sources["storage_objects"]
    yield "largest file", format_size(effective["file_max_bytes"]) + sources["file_max_bytes"]
    if measured := report["measured"]:
        rows, size = pluralize(measured["rows"], "row"), format_size(measured["database_bytes"])
        yield "database", f"{rows}, {size}, measured {_minute(measured['measured_at'])}"
    yield "requests", f"{report['requests_last_30_days']} in the last 30 days"


def _share(used: dict[str, int], unit: str, limit: int | None, form: Any) -> str:
    amount, reserved = used.get(f"used_{unit}"), used.get(f"reserved_{unit}")
    whole = "unlimited" if limit is None else form(limit)
    if amount is None:
        return f"limit {whole}"
    share = "" if limit is None else f" ({format_share(amount, limit)})"
    open_uploads = f", {form(reserved)} reserved" if reserved else ""
    return f"{form(amount)} of {whole}{share}{open_uploads}"


def _technical(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "id", report["id"]
    yield "schema", report["schema"]
    yield "key version", str(report["key_version"])
    if migration := (report["inside"] or {}).get("last_migration"):
        yield "last migration", f"{migration['name']}, {_minute(migration['applied_at'])}"
    if report["cloned_from"]:
        yield "cloned from", report["cloned_from"]


def _minute(moment: str | None) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC" if moment else "?"
