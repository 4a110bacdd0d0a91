"""The page behind a problem's ``type``: what its code means."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import autodiscover_modules

from core.problems import NotFound, catalogue
from pages.base import page


@page()
def error_code_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show the entry of one code. Raises NotFound for a code that is not in the catalogue."""
    # This host's routes import only some of the apps; the catalogue holds what is imported.
    autodiscover_modules("problems")
    problem = catalogue().get(code)
    if problem is None:
        raise NotFound(f"There is no error {code}.")
    return render(request, "error_code.html", {"entry": problem})
