"""What every page has in common: its language, its methods, and refusals shown as pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import override

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
