"""The page of an error code."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import autodiscover_modules

from core.problems import NotFound, catalogue
from core.text.translation import translatable
from pages.base import page


@page()
def error_code_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show the catalogue entry of a problem's ``type``. Raises: NotFound for an unknown code."""
    # The catalogue contains imported problems only, and this host's routes do not import all apps.
    autodiscover_modules("problems")
    problem = catalogue().get(code)
    if problem is None:
        raise NotFound(translatable("There is no error %(code)s.", code=code))
    return render(request, "error_code.html", {"entry": problem})
