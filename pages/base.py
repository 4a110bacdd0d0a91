"""Common parts of pages: language, methods, problems as pages, forms that show problems."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from core.http.language import request_language, with_language
from core.http.negotiation import as_html_if_preferred
from core.http.responses import problem_response
from core.problems import FormExpired, MethodNotAllowed, Problem
from core.text.translation import translated

View = Callable[..., HttpResponse]
SAFE_METHODS = ("GET", "HEAD")


def page(*methods: str, uses_cookies: bool = True) -> Callable[[View], View]:
    """Declare a view as a page for ``methods`` (GET by default).

    Its forms need a CSRF token unless the page ignores cookies, and must come from the page's own
    origin.
    """
    allowed = (*SAFE_METHODS, *(method for method in methods if method not in SAFE_METHODS))

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            language = request_language(request)
            with override(language):
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
            self.add_error(None, gettext(problem.title))


def with_problem_status(page: HttpResponse, problem: Problem) -> HttpResponse:
    """Return a page with the status and the headers of the problem that it shows."""
    page.status_code = problem.status
    for name, value in problem.headers.items():
        page.headers[name] = value
    return page
