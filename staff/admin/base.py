"""Base classes of the admin: safe list filters, audit events, read-only models."""

from typing import Any

from django.contrib import admin
from django.db import models, transaction
from django.forms import Media
from django.http import HttpRequest, HttpResponse

from audit.services import Target, record
from core.api.filters import MAX_SEARCH_LENGTH
from staff.actors import admin_actor

# The lookups of Django's own list filters: of a field, of a date, of a choice, of a related row.
FILTER_LOOKUPS = ("", "__exact", "__isnull", "__gte", "__lt", "__id__exact")
# Django adds scripts for slugs too, 50 kB compressed, and to lists those of forms.
LIST_SCRIPTS = ("core.js", "actions.js")
FORM_SCRIPTS = (
    *("vendor/jquery/jquery.min.js", "jquery.init.js"),
    *("core.js", "admin/RelatedObjectLookups.js"),
)


def _scripts(names: tuple[str, ...]) -> Media:
    return Media(js=[f"admin/js/{name}" for name in names])


class StaffModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A model whose list accepts only the lookups of its own filters.

    Django accepts every column and every lookup in the query string. So ``?hash__gt=1`` fails in
    the database driver, and ``?password__startswith=`` reveals a hash.
    """

    @property
    def media(self) -> Media:
        """The scripts of a form."""
        return _scripts(FORM_SCRIPTS)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list with the scripts that it uses."""
        context = {"media": _scripts(LIST_SCRIPTS), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Return the rows that contain every word. The length is bounded: a word is a condition."""
        return super().get_search_results(request, queryset, search_term[:MAX_SEARCH_LENGTH])

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Tell whether a lookup is allowed; otherwise Django returns 400."""
        filters = self.get_list_filter(request) if request else self.list_filter
        return any(lookup in _parameters(each) for each in filters)


class AuditedAdmin(StaffModelAdmin):
    """Records additions, changes and deletions as ``{kind}.created`` and so on.

    Django calls these hooks inside the transaction of the change.
    """

    kind = ""

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        """Record a new object."""
        self._record(request, "created", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        """Record the names of the changed fields, never their values."""
        with transaction.atomic():
            self._record(request, "updated", obj, changes=message)
            return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Record each object before it is deleted."""
        for obj in queryset:
            self._record(request, "deleted", obj)
        return super().log_deletions(request, queryset)

    def _record(self, request: HttpRequest, verb: str, obj: models.Model, **details: Any) -> None:
        target = Target(self.kind, str(obj.pk), str(obj))
        record(f"{self.kind}.{verb}", actor=admin_actor(request), target=target, **details)


class ReadOnlyAdminMixin:
    """A model whose rows can only be viewed."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


def _parameters(list_filter: Any) -> set[str]:
    """Return the query parameters of one entry of ``list_filter``."""
    if isinstance(list_filter, str):
        return {list_filter + suffix for suffix in FILTER_LOOKUPS}
    if isinstance(list_filter, tuple):
        return _parameters(list_filter[0])
    return {list_filter.parameter_name}
