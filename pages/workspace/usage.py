"""Usage of the workspace: bars against limits, thirty days as charts, largest files, people."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext

from core.charts import BarChart, bar_chart
from files.quota import usage_and_limits
from files.usage import largest_files, storage_by_user
from pages.members import current_person, member_page
from pages.workspace.rendering import render_settings
from tenants.context import current_tenant
from tenants.usage_history import UsageDay, usage_history

TEMPLATE, TAB = "settings/usage.html", "settings-usage"


@member_page(action="usage:read")
def usage_page(request: HttpRequest) -> HttpResponse:
    """Show what the workspace uses."""
    context = {
        "storage": usage_and_limits(),
        "charts": usage_charts(usage_history(current_tenant().id)),
        "largest": largest_files(current_person(request)),
        "people": storage_by_user(),
    }
    return render_settings(request, TEMPLATE, context, tab=TAB)


def usage_charts(days: Sequence[UsageDay]) -> list[BarChart]:
    """Return the charts of stored bytes, of files and of requests, each with a bar for a day."""
    storage = [(day.day, day.storage_bytes) for day in days]
    files = [(day.day, day.files) for day in days]
    requests = [(day.day, day.requests) for day in days]
    return [
        bar_chart(gettext("Storage"), storage, filesizeformat),
        bar_chart(gettext("Files"), files, number_format),
        bar_chart(gettext("Requests"), requests, number_format),
    ]
