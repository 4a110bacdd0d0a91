"""The admin's site: its name, its log-in with limits, and what it records of itself."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import unquote

from django.contrib.admin import AdminSite
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import BadRequest, ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from core.http.negotiation import as_html_if_preferred
from core.http.responses import problem_response
from core.problems import PasswordChangeRequired, RateLimited
from staff.forms import OwnPasswordChangeForm, StaffLoginForm
from staff.second_factor import must_enrol
from staff.second_factor_views import SECOND_FACTOR_ROUTE, second_factor_page
from staff.services import must_change_password

View = Callable[..., HttpResponse]
PASSWORD_ROUTES = ("password_change", "password_change_done")
ROUTES_BEFORE_SETUP = {"logout", "jsi18n"}


def _reject_malformed_input(view: View) -> View:
    """Answer 400 to ids, dates and bytes that no row has; the admin hands them on unchecked."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "\x00" in unquote(request.META.get("QUERY_STRING", "")):
            raise BadRequest("NUL in the query")  # PostgreSQL's text holds none
        try:
            return view(request, *args, **kwargs)
        except (ValidationError, DataError, ValueError, OverflowError) as exc:
            if isinstance(exc, ValueError) and request.method != "GET":
                raise  # a fault of ours, not of a filter in the address
            raise BadRequest("A value that cannot be") from exc

    return guarded


def _require_setup(view: View) -> View:
    """Let staff who have yet to choose a password or add a second factor reach that page alone."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        match = request.resolver_match
        page = _required_setup_routes(request.user)
        if page and (match is None or match.url_name not in {*page, *ROUTES_BEFORE_SETUP}):
            return redirect(f"admin:{page[0]}")
        return view(request, *args, **kwargs)

    return guarded


def _required_setup_routes(user: Any) -> tuple[str, ...]:
    """Return the routes of what must be done first, led by the page to go to; empty if nothing."""
    if not user.is_authenticated:
        return ()
    if must_change_password(user):
        return PASSWORD_ROUTES
    return (SECOND_FACTOR_ROUTE,) if must_enrol(user) else ()


class AggiosAdminSite(AdminSite):
    """Django admin as the platform's staff see it."""

    site_header = "Aggios"
    site_title = "Aggios"
    index_title = _("Administration")
    site_url = None
    empty_value_display = "-"

    login_form = StaffLoginForm
    login_template = "admin/staff_login.html"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Return the view with the admin's checks around it, and those that Django leaves out."""
        return super().admin_view(_reject_malformed_input(_require_setup(view)), cacheable)

    def get_urls(self) -> list[Any]:
        """Return the admin's routes and the page of one's own second factor."""
        page = self.admin_view(self.second_factor)
        return [path("second-factor/", page, name=SECOND_FACTOR_ROUTE), *super().get_urls()]

    def second_factor(self, request: HttpRequest) -> HttpResponse:
        """Show and change the second factor of who asks."""
        return second_factor_page(self, request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the log-in, or log in; the form counts the attempt."""
        return _throttled(
            request, lambda: super(AggiosAdminSite, self).login(request, extra_context)
        )

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Let staff change their own password; Django's view with a form that records it."""
        request.current_app = self.name
        view = PasswordChangeView.as_view(
            form_class=OwnPasswordChangeForm,
            template_name="registration/password_change_form.html",
            success_url=reverse("admin:password_change_done"),
            extra_context={
                **self.each_context(request),
                **_reason_context(request),
                **(extra_context or {}),
            },
        )
        return _throttled(request, lambda: cast("HttpResponse", view(request)))


def _reason_context(request: HttpRequest) -> dict[str, Any]:
    """Return the title that says why the page is shown, to who did not ask for it."""
    user: Any = request.user
    return {"title": _(PasswordChangeRequired.title)} if must_change_password(user) else {}


def _throttled(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the view's answer, or the page of a 429: of passwords, or of one-time codes."""
    try:
        return view()
    except RateLimited as problem:
        return as_html_if_preferred(request, problem_response(problem))


site = AggiosAdminSite(name="admin")
site.disable_action("delete_selected")
