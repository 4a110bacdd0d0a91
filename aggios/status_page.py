"""The status page: the data of ``/api/health`` for people, and no more."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from aggios.health import health_report, http_status
from pages.base import page

SERVICES: dict[str, tuple[Any, Any]] = {
    "database": (_("Database"), _("People, names of files, log-ins: everything needs it.")),
    "cache": (_("Cache"), _("Without it everything works, and limits are counted less exactly.")),
    "storage": (_("File store"), _("Without it files can be neither uploaded nor opened.")),
}


@never_cache
@page()
def status_page(request: HttpRequest) -> HttpResponse:
    """Show the state of each service, with the status of ``/api/health``."""
    report = health_report()
    services = [
        {"title": title, "effect": effect, **report["checks"][name]}
        for name, (title, effect) in SERVICES.items()
    ]
    context = {"section": "status", "report": report, "services": services}
    return render(request, "site/status.html", context, status=http_status(report))
