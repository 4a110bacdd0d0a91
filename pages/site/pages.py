"""Pages of the public site that are templates and nothing more.

An operator replaces the texts of ``site/terms.html`` and ``site/privacy.html`` by templates of the
same names in ``SITE_TEMPLATES_DIR`` (docs/deployment.md).
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from pages.base import page

CONTEXT = {"contact_email": settings.CONTACT_EMAIL}


@page()
def home(request: HttpRequest) -> HttpResponse:
    """Show what Aggios is."""
    return render(request, "site/front.html", {"section": "home"})


@page()
def features(request: HttpRequest) -> HttpResponse:
    """Show what a workspace can do."""
    return render(request, "site/features.html", {"section": "features"})


@page()
def security(request: HttpRequest) -> HttpResponse:
    """Show what is promised about security, and how each promise is proved."""
    return render(request, "site/security.html", {"section": "security"})


@page()
def terms(request: HttpRequest) -> HttpResponse:
    """Show the terms of use."""
    return render(request, "site/terms.html", CONTEXT)


@page()
def privacy(request: HttpRequest) -> HttpResponse:
    """Show what happens to personal data (LGPD and GDPR)."""
    return render(request, "site/privacy.html", CONTEXT)


@page()
def contact(request: HttpRequest) -> HttpResponse:
    """Show how to reach the operator."""
    return render(request, "site/contact.html", CONTEXT)
