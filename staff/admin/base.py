"""What every list of the admin has in common."""

from typing import Any

from django.contrib import admin
from django.db import models, transaction
from django.http import HttpRequest

from audit.services import Target, record
from core.api.filters import MAX_SEARCH_LENGTH
from staff.actors import admin_actor

# What Django's own list filters ask: of a field, of a date, of a choice, of a related row.
FILTER_LOOKUPS = ("", "__exact", "__isnull", "__gte", "__lt", "__id__exact")


class StaffModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A model in the admin whose list is filtered by what its filters ask, and by nothing else.

    Django lets a query string name every column of the model and every lookup. So ``?hash__gt=1``
    fails inside the database's driver, and ``?password__startswith=`` finds a hash out.
    """

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Return the rows that hold every word. Each word is a condition, so they are bounded."""
        return super().get_search_results(request, queryset, search_term[:MAX_SEARCH_LENGTH])

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Tell whether the list may be filtered so; if not, Django answers 400."""
        filters = self.get_list_filter(request) if request else self.list_filter
        return any(lookup in _parameters(each) for each in filters)


def _parameters(list_filter: Any) -> set[str]:
    """Return the query parameters of one entry of ``list_filter``."""
    if isinstance(list_filter, str):
        return {list_filter + suffix for suffix in FILTER_LOOKUPS}
    if isinstance(list_filter, tuple):
        return _parameters(list_filter[0])
    return {list_filter.parameter_name}


# Every change made in the admin is in the audit trail, with who made it.


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
        """Record which fields of an object were changed; never their values."""
        with transaction.atomic():
            self._record(request, "updated", obj, changes=message)
            return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Record objects that are about to be deleted."""
        for obj in queryset:
            self._record(request, "deleted", obj)
        return super().log_deletions(request, queryset)

    def _record(self, request: HttpRequest, verb: str, obj: models.Model, **details: Any) -> None:
        target = Target(self.kind, str(obj.pk), str(obj))
        record(f"{self.kind}.{verb}", actor=admin_actor(request), target=target, **details)
