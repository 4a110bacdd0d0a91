"""What every page has in common: its language, its methods, and refusals shown as pages."""

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
from core.problems import MethodNotAllowed, Problem

View = Callable[..., HttpResponse]
SAFE_METHODS = ("GET", "HEAD")


def page(*methods: str, goes_by_cookies: bool = True) -> Callable[[View], View]:
    """Declare a view that is a page, served for ``methods`` (GET when none are named).

    Its forms need a token, unless nothing that it does goes by what a browser sends by itself.
    """
    allowed = (*SAFE_METHODS, *(method for method in methods if method not in SAFE_METHODS))

    def decorate(view: View) -> View:
        @wraps(view)
        def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            language = request_language(request)
            with override(language):
                try:
                    if request.method not in allowed:
                        raise MethodNotAllowed(headers={"Allow": ", ".join(allowed)})
                    response = view(request, *args, **kwargs)
                except Problem as problem:
                    return as_html_if_preferred(request, problem_response(problem))
            return with_language(request, response, language)

        # What changes nothing needs no token, so a wrong method is told what it is.
        serve.csrf_exempt = allowed == SAFE_METHODS or not goes_by_cookies  # type: ignore[attr-defined]
        return serve

    return decorate


# What the forms of our pages have in common: how they show what a service had against them.


def new_password_field(label: Any = None) -> forms.CharField:
    """Return the field in which somebody chooses a password, called so without a label."""
    return forms.CharField(
        label=label or _("Password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters, and nothing that is easy to guess."),
    )


class PageForm(forms.Form):
    """A form of a page; what its fields must hold is for the services to say."""

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, label_suffix="", **options)

    def refuse(self, problem: Problem) -> None:
        """Show a problem's faults beside their fields."""
        for fault in problem.errors:
            field = fault.field if fault.field in self.fields else None
            self.add_error(field, gettext(fault.detail))
        if not problem.errors:
            self.add_error(None, gettext(problem.title))


def with_problem_status(page: HttpResponse, problem: Problem) -> HttpResponse:
    """Return a page that shows a problem with that problem's status and headers."""
    page.status_code = problem.status
    for name, value in problem.headers.items():
        page.headers[name] = value
    return page
