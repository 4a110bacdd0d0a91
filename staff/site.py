"""The admin's site: its name, its log-in with limits, and what it records of itself."""

from http import HTTPStatus
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from core.browser import as_page
from core.context import request_context
from core.limits import clear, count_failure, require_room, take
from core.problems import RateLimited
from core.responses import problem_response
from staff.forms import OwnPasswordForm

# Longer than any address; what is counted must not grow with what is sent.
LONGEST = 254


class AggiosAdminSite(AdminSite):
    """Django admin as the platform's staff see it."""

    site_header = "Aggios"
    site_title = "Aggios"
    index_title = _("Administration")
    site_url = None
    empty_value_display = "-"
    password_change_form = OwnPasswordForm

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the log-in, or log in; attempts are counted as those of tenants' people are."""
        if request.method != "POST":
            return super().login(request, extra_context)
        address = request_context().client_address
        account = ("staff", request.POST.get("username", "").strip().lower()[:LONGEST], address)
        try:
            require_room("login_address", address)
            take("login_account", *account)
        except RateLimited as problem:
            return as_page(request, problem_response(problem))
        response = super().login(request, extra_context)
        if response.status_code == HTTPStatus.FOUND:
            clear("login_account", *account)
        else:
            count_failure("login_address", address)
        return response


site = AggiosAdminSite(name="admin")
site.disable_action("delete_selected")
