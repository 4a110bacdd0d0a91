"""The language of a page.

The first of these that names a served language: ``?lang=``, the choice of the logged-in user, the
cookie that ``?lang=`` sets, ``Accept-Language``, the tenant's default, ``LANGUAGE_CODE``.

The API reads ``Accept-Language`` alone, for the sentences of problems (core/http/responses.py).
Its clients use the codes of problems, which have no language.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import (
    get_supported_language_variant,
    parse_accept_lang_header,
)

LANGUAGE_PARAMETER = "lang"


@dataclass(frozen=True, slots=True)
class LanguageChoices:
    """Languages that the request does not name itself; empty where there is no choice."""

    user: str = ""
    tenant: str = ""


def served_language(code: str) -> str:
    """Return the code if pages are served in this language, otherwise an empty string."""
    return code if code in dict(settings.LANGUAGES) else ""


def requested_language(request: HttpRequest) -> str:
    """Return the language in ``?lang=``, or an empty string."""
    return served_language(query_or_empty(request).get(LANGUAGE_PARAMETER, "").lower())


def query_or_empty(request: HttpRequest) -> QueryDict:
    """Return the query, or an empty one if it cannot be read, so that error pages still work."""
    try:
        return request.GET
    except SuspiciousOperation:
        return QueryDict()


def request_language(request: HttpRequest) -> str:
    """Return the language code for the response.

    ``request.language_choices`` returns those of the user and the tenant (accounts/middleware.py).
    """
    find: Callable[[], LanguageChoices] = getattr(request, "language_choices", LanguageChoices)
    choices = find()
    return (
        requested_language(request)
        or choices.user
        or _supported(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""))
        or accepted_language(request.headers.get("Accept-Language", ""))
        or choices.tenant
        or settings.LANGUAGE_CODE
    )


def preferred_language(accept_language: str) -> str:
    """Return the supported language that an Accept-Language field prefers, English without one."""
    return accepted_language(accept_language) or settings.LANGUAGE_CODE


def accepted_language(accept_language: str) -> str:
    """Return the supported language that an Accept-Language field names first, or ""."""
    codes = (code for code, _ in parse_accept_lang_header(accept_language.lower()))
    return next(filter(None, map(_supported, codes)), "")


def _supported(code: str) -> str:
    with suppress(LookupError):
        return get_supported_language_variant(code)
    return ""


def with_language(request: HttpRequest, response: HttpResponse, language: str) -> HttpResponse:
    """Set the language headers of a page, and a cookie if ``?lang=`` asked for the language."""
    response.headers["Content-Language"] = language
    patch_vary_headers(response, ("Accept-Language", "Cookie"))
    if requested_language(request):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
    return response
