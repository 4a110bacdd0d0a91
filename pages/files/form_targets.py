"""Routes that only forms are sent to."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from pages.base import View


def form_target(name: str) -> Callable[[View], View]:
    """Send a GET to the page ``name``, which has the form.

    A log-in that was needed when the form was sent leads back by GET.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method != "POST":
                return HttpResponseRedirect(reverse(name))
            return view(request, *args, **kwargs)

        return wrapper

    return decorate
