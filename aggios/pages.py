"""Pages for people who come with a browser."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def front(request: HttpRequest) -> HttpResponse:
    """Show what Aggios is."""
    return render(request, "front.html")


def find_workspace(request: HttpRequest) -> HttpResponse:
    """Show the front door."""
    return render(request, "find_workspace.html")


def workspace(request: HttpRequest) -> HttpResponse:
    """Show the tenant's front page."""
    return render(request, "workspace.html", {"tenant": request.tenant})  # type: ignore[attr-defined]
