"""The front pages: of the platform, and of one workspace."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from pages.base import page


@page()
def home(request: HttpRequest) -> HttpResponse:
    """Show what Aggios is."""
    return render(request, "front.html")


@page()
def workspace_home(request: HttpRequest) -> HttpResponse:
    """Show whose address this is, and nothing that is not public."""
    return render(request, "workspace.html", {"tenant": request.tenant})  # type: ignore[attr-defined]
