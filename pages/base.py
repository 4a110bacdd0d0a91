"""Common parts of pages: language, time zone, methods, problems as pages, forms."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext, override
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.users.preferences import user_time_zone
from core.http.language import request_language, with_language
from core.http.negotiation import as_html_if_preferred
from core.http.responses import problem_response
from core.problems import FormExpired, MethodNotAllowed, Problem
from core.request_context import request_context
from core.text.translation import translated

View = Callable[..., HttpResponse]
SAFE_METHODS = ("GET", "HEAD")


def page(*methods: str, uses_cookies: bool = True) -> Callable[[View], View]:
    """Declare a view as a page for ``methods`` (GET by default). A page for POST alone refuses GET.

    Its forms need a CSRF token unless the page ignores cookies, and must come from the page's own
    origin.
    """
    safe = SAFE_METHODS if "GET" in (methods or SAFE_METHODS) else ()
    allowed = (*safe, *(method for method in methods if method not in SAFE_METHODS))

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            request.ignores_cookies = not uses_cookies  # type: ignore[attr-defined]
            language = request_language(request)
            # E-mails that the page causes are in its language, if their reader has chosen none.
            request_context().accept_language = language
            with override(language), timezone.override(request_time_zone(request)):
                try:
                    if request.method not in allowed:
                        raise MethodNotAllowed(headers={"Allow": ", ".join(allowed)})
                    if uses_cookies:
                        _require_same_origin(request)
                    response = view(request, *args, **kwargs)
                except Problem as problem:
                    return as_html_if_preferred(request, problem_response(problem))
            return with_language(request, response, language)

        # A page that changes nothing needs no CSRF token, so a wrong method gets 405, not 403.
        wrapper.csrf_exempt = allowed == SAFE_METHODS or not uses_cookies  # type: ignore[attr-defined]
        return wrapper

    return decorate


def request_user(request: HttpRequest) -> User | None:
    """Return the user whose session the request has, for what a page shows; or None.

    A page that ignores cookies has no user.
    """
    if getattr(request, "ignores_cookies", False) or not hasattr(request, "browser_session"):
        return None
    user: User | None = request.browser_session.user
    return user


def request_time_zone(request: HttpRequest) -> str:
    """Return the time zone of the dates on a page: the user's, the tenant's default, or UTC."""
    tenant = getattr(request, "tenant", None)
    return user_time_zone(request_user(request), tenant) if tenant else settings.TIME_ZONE


def _require_same_origin(request: HttpRequest) -> None:
    """Refuse a form that another origin sent, a sibling subdomain too (W3C Fetch Metadata)."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    if request.method not in SAFE_METHODS and site not in ("same-origin", "none"):
        raise FormExpired


def new_password_field(label: Any = None) -> forms.CharField:
    """Return the field for a new password."""
    return forms.CharField(
        label=label or _("Password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters, and nothing that is easy to guess."),
    )


class PageForm(forms.Form):
    """A form of a page; the services validate its values."""

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, label_suffix="", **options)

    def add_problem(self, problem: Problem) -> None:
        """Show a problem's errors next to their fields."""
        for error in problem.errors:
            field = error.field if error.field in self.fields else None
            self.add_error(field, translated(error.detail))
        if not problem.errors:
            self.add_error(None, problem_sentence(problem))


def problem_sentence(problem: Problem) -> str:
    """Return the title of a problem, and when to try again if the problem says so."""
    title, seconds = gettext(problem.title), problem.headers.get("Retry-After", "")
    return f"{title} {try_again_sentence(int(seconds))}" if seconds.isdecimal() else title


def try_again_sentence(seconds: int) -> str:
    """Return after how many seconds, minutes or hours to try again, rounded up."""
    if seconds <= 90:
        text = ngettext("Try again in %d second.", "Try again in %d seconds.", seconds)
        return text % seconds
    minutes = -(-seconds // 60)
    if minutes <= 90:
        return ngettext("Try again in %d minute.", "Try again in %d minutes.", minutes) % minutes
    hours = -(-minutes // 60)
    return ngettext("Try again in %d hour.", "Try again in %d hours.", hours) % hours


def with_problem_status(page: HttpResponse, problem: Problem) -> HttpResponse:
    """Return a page with the status and the headers of the problem that it shows."""
    page.status_code = problem.status
    for name, value in problem.headers.items():
        page.headers[name] = value
    return page
