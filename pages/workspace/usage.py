"""Usage of the workspace: bars against limits, thirty days as charts, largest files, people."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format

from files.quota import usage_and_limits
from files.usage import largest_files, storage_by_user
from pages.members import current_person, member_page
from pages.workspace.rendering import render_settings
from tenants.context import current_tenant
from tenants.usage_history import UsageDay, usage_history

TEMPLATE, TAB = "settings/usage.html", "settings-usage"
CHART_WIDTH, CHART_HEIGHT, GAP = 600, 120, 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of a chart, in units of its view box, with the text for readers."""

    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart of numbers per day; ``most`` is the text of the largest one."""

    bars: list[Bar]
    most: str
    has_values: bool
    width: int = CHART_WIDTH
    height: int = CHART_HEIGHT


@member_page(action="usage:read")
def usage_page(request: HttpRequest) -> HttpResponse:
    """Show what the workspace uses."""
    tenant = current_tenant()
    days = usage_history(tenant.id)
    context = {
        "storage": usage_and_limits(),
        "storage_chart": storage_chart(days),
        "request_chart": request_chart(days),
        "days": list(reversed(days)),
        "largest": largest_files(current_person(request)),
        "people": storage_by_user(),
    }
    return render_settings(request, TEMPLATE, context, tab=TAB)


def storage_chart(days: Sequence[UsageDay]) -> Chart:
    """Return the chart of stored bytes."""
    values = [day.storage_bytes or 0 for day in days]
    return _chart(days, values, [filesizeformat(value) for value in values])


def request_chart(days: Sequence[UsageDay]) -> Chart:
    """Return the chart of requests."""
    values = [day.requests for day in days]
    return _chart(days, values, [number_format(value) for value in values])


def _chart(days: Sequence[UsageDay], values: list[int], texts: list[str]) -> Chart:
    most = max(values, default=0)
    step = CHART_WIDTH / max(len(values), 1)
    bars = []
    for number, (day, value, text) in enumerate(zip(days, values, texts, strict=True)):
        height = round(CHART_HEIGHT * value / most, 2) if most else 0.0
        bars.append(
            Bar(
                x=round(number * step, 2),
                y=CHART_HEIGHT - height,
                width=round(step - GAP, 2),
                height=height,
                label=f"{day.day.isoformat()}: {text}",
            )
        )
    return Chart(bars, texts[values.index(most)] if values else "", most > 0)
