"""Links from an audit event to its actor and its target, as far as they exist and may be seen."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from audit.models import AuditEvent
from staff.models import StaffUser
from tenants.models import Tenant

# The types of actors and targets that have a page in the admin, each with its model.
LINKED: dict[str, Any] = {"staff": StaffUser, "tenant": Tenant, "group": Group}
MAX_ID_LENGTH = 36  # of a UUID
MAX_INTEGER_KEY = 2**31  # PostgreSQL refuses to compare a larger one with an integer


class EventChangeList(ChangeList):
    """The list of events. It takes one query more for each linked type."""

    def get_results(self, request: HttpRequest) -> None:
        """Find the events of the page, and which of their actors and targets have a page."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        add_links(request, self.result_list)


def add_links(request: HttpRequest, events: Iterable[AuditEvent]) -> None:
    """Set ``actor_url`` and ``target_url`` of each event; empty without a page."""
    rows = list(events)
    pairs = {(row.actor_type, row.actor_id) for row in rows}
    pairs |= {(row.target_type, row.target_id) for row in rows}
    urls = {}
    for kind, model in LINKED.items():
        if _may_view(request, model):
            ids = {_key(model, text) for type_, text in pairs if type_ == kind} - {None}
            urls.update({(kind, str(pk)): _url(model, pk) for pk in _existing(model, ids)})
    for row in rows:
        row.actor_url = urls.get((row.actor_type, row.actor_id), "")  # type: ignore[attr-defined]
        row.target_url = urls.get((row.target_type, row.target_id), "")  # type: ignore[attr-defined]


def linked(label: str, url: str) -> Any:
    """Return the label as a link, or as it is."""
    return format_html('<a href="{}">{}</a>', url, label) if url and label else label


def _existing(model: Any, ids: set[Any]) -> list[Any]:
    return list(model.objects.filter(pk__in=ids).order_by().values_list("pk", flat=True))


def _may_view(request: HttpRequest, model: Any) -> bool:
    user: Any = request.user
    label, name = model._meta.app_label, model._meta.model_name
    return any(user.has_perm(f"{label}.{verb}_{name}") for verb in ("view", "change"))


def _url(model: Any, pk: Any) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[pk])


def _key(model: Any, text: str) -> Any:
    """Return the primary key that a text names; None if it cannot be one."""
    if not text or len(text) > MAX_ID_LENGTH:
        return None
    try:
        key = model._meta.pk.to_python(text)
    except ValidationError:
        return None
    return None if isinstance(key, int) and not 0 < key < MAX_INTEGER_KEY else key
