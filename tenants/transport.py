"""Strict-Transport-Security (RFC 6797) on hosts that are not ours.

``includeSubDomains`` and preloading speak for a whole domain. Of ours we may say so; a custom
domain's other hosts belong to somebody else, whom they would lock out.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tenants.hosts import is_platform_host

HSTS_HEADER = "Strict-Transport-Security"


class CustomDomainHSTSMiddleware:
    """Outside of Django's SecurityMiddleware: says less on custom domains, nothing elsewhere.

    A short time, so that whoever takes a domain back is soon free to serve it another way. Names
    that lead to no tenant, and files that are served before a tenant is looked for, go without.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if HSTS_HEADER in response.headers and not is_platform_host(
            request.META.get("HTTP_HOST", "")
        ):
            del response.headers[HSTS_HEADER]
            if hasattr(request, "tenant") and settings.DOMAIN_HSTS_SECONDS:
                response.headers[HSTS_HEADER] = f"max-age={settings.DOMAIN_HSTS_SECONDS}"
        return response
