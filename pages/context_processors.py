"""Template variables of every page: addresses of our sites, user, branding, language links."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from core.http.language import LANGUAGE_PARAMETER, query_or_empty
from pages.base import request_user
from pages.branding import current_branding
from tenants.routing import site_url


def site_context(request: HttpRequest) -> dict[str, Any]:
    """Return the variables (a template context processor)."""
    tenant = getattr(request, "tenant", None)
    return {
        "shell": "workspace/base.html" if tenant else "base.html",
        "tenant": tenant,
        "person": SimpleLazyObject(lambda: request_user(request)),
        "branding": SimpleLazyObject(current_branding),
        "home_url": site_url(),
        "dashboard_url": site_url("dash"),
        "base_domain": settings.BASE_DOMAIN,
        "languages": SimpleLazyObject(lambda: language_links(request)),
    }


def language_links(request: HttpRequest) -> list[dict[str, Any]]:
    """Return a link to the current page in each language.

    Each is only a query, so it always leads to the same path.
    """
    links = []
    for code, name in settings.LANGUAGES:
        query = query_or_empty(request).copy()
        query[LANGUAGE_PARAMETER] = code
        current = get_language() == code
        links.append(
            {"code": code, "name": name, "url": f"?{query.urlencode()}", "current": current}
        )
    return links
