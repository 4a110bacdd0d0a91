"""Logo and colour of a workspace: their files on its own host, and their addresses for pages.

They need no log-in, because the log-in page and the page of a share link show them. A colour
is a stylesheet of its own, since the policy of every page is ``style-src 'self'``.
"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.permissions import current_policy
from core.api.views import require_safe
from core.colors import hover_color, text_color_on
from core.http.conditional import etag_of_bytes, matches_if_none_match
from core.problems import NotFound
from files.logo import read_logo
from tenants.branding import VERSION_LENGTH, logo_of
from tenants.context import current_tenant_or_none

VERSION_PARAMETER = "v"
FOR_EVER, ASK_AGAIN = "public, max-age=31536000, immutable", "public, no-cache"
# For a file that is opened by itself: nothing in it may run or load, whatever it is.
LOGO_HEADERS = {
    "Content-Disposition": 'inline; filename="logo"',
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
STYLE = """:root {{ --brand: {color}; --on-brand: {text}; --brand-strong: {hover}; }}
"""


@dataclass(frozen=True, slots=True)
class Branding:
    """The addresses of a workspace's logo and stylesheet; empty where it has none."""

    logo_url: str = ""
    theme_url: str = ""


def current_branding() -> Branding:
    """Return the addresses for pages of the current tenant; empty for one that is not served."""
    tenant = current_tenant_or_none()
    if tenant is None:
        return Branding()
    logo, style = logo_of(tenant), _style()
    theme = f"{reverse('theme')}?{VERSION_PARAMETER}={_version(style)}" if style else ""
    return Branding(logo.path if logo else "", theme)


@require_safe
def theme_page(request: HttpRequest) -> HttpResponse:
    """Serve the stylesheet with the colour of the workspace."""
    style = _style()
    if not style:
        raise NotFound
    content = style.encode()
    return _file(request, content, "text/css; charset=utf-8", _version(style))


@require_safe
def logo_page(request: HttpRequest) -> HttpResponse:
    """Serve the logo, always as the type that was found in its bytes."""
    logo, content = read_logo()
    response = _file(request, content, logo.content_type, logo.sha256[:VERSION_LENGTH])
    for name, value in LOGO_HEADERS.items():
        response.headers[name] = value
    return response


def _style() -> str:
    color = current_policy().accent_color
    if not color:
        return ""
    return STYLE.format(color=color, text=text_color_on(color), hover=hover_color(color))


def _version(style: str) -> str:
    return etag_of_bytes(style.encode()).strip('"')[:VERSION_LENGTH]


def _file(request: HttpRequest, content: bytes, content_type: str, version: str) -> HttpResponse:
    """Return a file, or 304. An address with the version of the content never changes."""
    etag = etag_of_bytes(content)
    is_known = matches_if_none_match(request, etag)
    response = HttpResponse(status=304) if is_known else HttpResponse(content)
    if is_known:
        del response.headers["Content-Type"]
    else:
        response.headers["Content-Type"] = content_type
    is_fixed = request.GET.get(VERSION_PARAMETER) == version
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = FOR_EVER if is_fixed else ASK_AGAIN
    return response
