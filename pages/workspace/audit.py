"""The audit trail of the workspace: filters, pages, and an export as CSV or JSON Lines."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.api.audit_events import serialize_audit_event
from audit.models import AuditEvent
from audit.queries import EventFilter, find_events
from core.problems import NotFound
from core.text.csv_cells import csv_cell
from pages.base import PageForm
from pages.lists import paginate
from pages.members import current_person, member_page
from pages.workspace.audit_chain import chain_state
from pages.workspace.audit_links import Key, event_urls
from pages.workspace.rendering import render_settings
from tenants.context import current_tenant

TEMPLATE, TAB = "settings/audit.html", "audit"
NEWEST_FIRST, EXPORT_CHUNK = "-at", 500
PAGE_PARAMETERS = ("cursor", "limit")
COLUMNS = ("at", "action", "actor", "actor_type", "target", "target_type", "ip", "sequence", "hash")


class AuditForm(PageForm):
    """The filters, all optional."""

    action = forms.RegexField(
        r"^[a-z0-9_]+(\.[a-z0-9_]+)*\.?$",
        label=_("Action"),
        required=False,
        max_length=60,
        help_text=_("For example file.uploaded, or user. for all that begin so."),
    )
    actor = forms.CharField(label=_("Id of the person"), required=False, max_length=64)
    after = forms.DateTimeField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    before = forms.DateTimeField(
        label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def criteria(self) -> EventFilter:
        """Return the filter."""
        return EventFilter(**{name: value for name, value in self.cleaned_data.items() if value})


@member_page(action="audit:read")
def audit_page(request: HttpRequest) -> HttpResponse:
    """List events, newest first."""
    form = AuditForm(request.GET)
    if not form.is_valid():
        return render_settings(request, TEMPLATE, {"form": form}, tab=TAB, status=400)
    page = paginate(request, find_events(form.criteria()), ordering=NEWEST_FIRST)
    urls = event_urls(current_person(request), page.rows)
    filters = request.GET.copy()
    for name in PAGE_PARAMETERS:
        filters.pop(name, None)
    context = {
        "form": form,
        "page": page,
        "events": [_event_row(event, urls) for event in page.rows],
        "chain": chain_state(current_tenant().id),
        "query": filters.urlencode(),
    }
    return render_settings(request, TEMPLATE, context, tab=TAB)


@member_page(action="audit:read")
def export_audit_page(request: HttpRequest, kind: str) -> HttpResponse:
    """Stream the events of the filter as ``csv`` or ``jsonl``, oldest first."""
    form = AuditForm(request.GET)
    if not form.is_valid() or kind not in WRITERS:
        raise NotFound
    events = find_events(form.criteria()).order_by("at", "id")
    rows = (serialize_audit_event(event) for event in events.iterator(chunk_size=EXPORT_CHUNK))
    content_type, write = WRITERS[kind]
    response = StreamingHttpResponse(write(rows), content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="audit.{kind}"'
    return response  # type: ignore[return-value]


def _event_row(event: AuditEvent, urls: dict[Key, str]) -> dict[str, Any]:
    """Return an event as the API shows it, with the texts and pages of its actor and its target."""
    row = serialize_audit_event(event)
    return {
        **row,
        "time": event.at,
        "actor_text": row["actor"]["label"] or event.actor_type,
        "target_text": (row["target"] or {}).get("label") or event.target_id,
        "actor_url": urls.get((event.actor_type, event.actor_id), ""),
        "target_url": urls.get((event.target_type, event.target_id), ""),
    }


def _write_csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in rows:
        target = row["target"] or {"label": "", "type": ""}
        values = (
            *(row["at"], row["action"], row["actor"]["label"] or row["actor"]["id"]),
            *(row["actor"]["type"], target["label"], target["type"]),
            *(row["ip"] or "", row["sequence"], row["hash"] or ""),
        )
        writer.writerow([csv_cell(value) for value in values])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _write_jsonl(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


WRITERS = {
    "csv": ("text/csv; charset=utf-8", _write_csv),
    "jsonl": ("application/x-ndjson", _write_jsonl),
}
