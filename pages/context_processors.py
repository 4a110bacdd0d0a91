"""What every page may use: the addresses of our sites and the links that switch the language."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from core.http.language import LANGUAGE_PARAMETER, query_or_empty
from tenants.routing import site_url


def site_context(request: HttpRequest) -> dict[str, Any]:
    """Return the variables (a template context processor)."""
    return {
        "front_url": site_url(),
        "door_url": site_url("dash"),
        "base_domain": settings.BASE_DOMAIN,
        "languages": SimpleLazyObject(lambda: language_links(request)),
    }


def language_links(request: HttpRequest) -> list[dict[str, Any]]:
    """Return a link for each language to the page that is being shown.

    Each is a query alone, so that it can lead nowhere but to the same path.
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
