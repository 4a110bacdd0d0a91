"""dash.: find a workspace by its subdomain and go there."""

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from pages.base import page
from tenants.hosts import site_url
from tenants.names import normalise_slug
from tenants.routing import tenant_for_host

MAX_INPUT_LENGTH = 300


# Browsers hold the redirect that follows a form to form-action too.
@csp_update({"form-action": site_url("*")})
@page()
def find_workspace(request: HttpRequest) -> HttpResponse:
    """Show the front door, or go to the workspace that ``?workspace=`` names."""
    asked = request.GET.get("workspace", "").strip()[:MAX_INPUT_LENGTH]
    if not asked:
        return render(request, "find_workspace.html")
    label = subdomain_from_input(asked)
    tenant = tenant_for_host(label) if label else None
    if tenant is None or tenant.status == "deleting":
        return render(request, "find_workspace.html", {"asked": asked}, status=404)
    return redirect(site_url(tenant.slug))


def subdomain_from_input(text: str) -> str:
    """Return the subdomain label in what somebody typed or pasted; empty if there is none."""
    name = normalise_slug(text).partition("://")[2] or normalise_slug(text)
    host = name.partition("/")[0].partition(":")[0].rstrip(".")
    label = host.removesuffix(f".{settings.BASE_DOMAIN}")
    usable = label.replace("-", "").isalnum() and label.isascii()
    return label if usable else ""
