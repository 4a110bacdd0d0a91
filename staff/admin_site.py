"""The admin site: throttled log-in, required set-up pages, and refusal of malformed input."""

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

from core.http.foreign_scripts import with_foreign_scripts
from core.http.negotiation import as_html_if_preferred
from core.http.responses import problem_response
from core.problems import PasswordChangeRequired, RateLimited
from staff.forms import OwnPasswordChangeForm, StaffLoginForm
from staff.home.page import home_context
from staff.second_factor import must_enrol
from staff.second_factor_views import SECOND_FACTOR_ROUTE, second_factor_page
from staff.services import must_change_password

View = Callable[..., HttpResponse]
PASSWORD_ROUTES = ("password_change", "password_change_done")
ROUTES_BEFORE_SETUP = {"logout", "jsi18n"}


def _reject_malformed_input(view: View) -> View:
    """Return 400 for malformed ids, dates and bytes, which Django's admin does not validate."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "\x00" in unquote(request.META.get("QUERY_STRING", "")):
            raise BadRequest("NUL in the query")  # PostgreSQL's text cannot contain it
        try:
            return view(request, *args, **kwargs)
        except (ValidationError, DataError, ValueError, OverflowError) as exc:
            if isinstance(exc, ValueError) and request.method != "GET":
                raise  # an error of the application, not of a filter in the URL
            raise BadRequest("A value that cannot be") from exc

    return guarded


def _require_setup(view: View) -> View:
    """Redirect users who must change a password or add a second factor to that page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        match = request.resolver_match
        page = _required_setup_routes(request.user)
        if page and (match is None or match.url_name not in {*page, *ROUTES_BEFORE_SETUP}):
            return redirect(f"admin:{page[0]}")
        return view(request, *args, **kwargs)

    return guarded


def _required_setup_routes(user: Any) -> tuple[str, ...]:
    """Return the routes of a required set-up step, the redirect target first; or nothing."""
    if not user.is_authenticated:
        return ()
    if must_change_password(user):
        return PASSWORD_ROUTES
    return (SECOND_FACTOR_ROUTE,) if must_enrol(user) else ()


class AggiosAdminSite(AdminSite):
    """Django admin for the platform's staff."""

    site_header = "Aggios"
    site_title = "Aggios"
    index_title = _("Administration")
    site_url = None
    empty_value_display = "-"

    login_form = StaffLoginForm
    login_template = "admin/staff_login.html"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Return the view with Django's checks and the two of this module."""
        guarded = super().admin_view(_reject_malformed_input(_require_setup(view)), cacheable)
        return with_foreign_scripts(guarded)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the figures of the platform above the lists."""
        return super().index(request, {"home": home_context(request), **(extra_context or {})})

    def get_urls(self) -> list[Any]:
        """Return the admin's routes and the page of the second factor."""
        page = self.admin_view(self.second_factor)
        return [path("second-factor/", page, name=SECOND_FACTOR_ROUTE), *super().get_urls()]

    def second_factor(self, request: HttpRequest) -> HttpResponse:
        """Show and change the user's own second factor."""
        return second_factor_page(self, request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the log-in form, or log in; the form counts the attempt."""
        return _throttled(
            request, lambda: super(AggiosAdminSite, self).login(request, extra_context)
        )

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Change the user's own password with Django's view and a form that records it."""
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
    """Return a title that explains why the page is shown, if the change is required."""
    user: Any = request.user
    return {"title": _(PasswordChangeRequired.title)} if must_change_password(user) else {}


def _throttled(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the view's response, or a 429 page if passwords or codes are rate-limited."""
    try:
        return view()
    except RateLimited as problem:
        return as_html_if_preferred(request, problem_response(problem))


site = AggiosAdminSite(name="admin")
site.disable_action("delete_selected")
