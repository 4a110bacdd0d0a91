"""The front pages: of the platform, and of one workspace."""

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.module_loading import autodiscover_modules

from core.problems import NotFound, catalogue
from pages.base import page
from tenants.names import normalise_slug
from tenants.routing import site_url, tenant_for_host

MAX_INPUT_LENGTH = 300


@page()
def home(request: HttpRequest) -> HttpResponse:
    """Show what Aggios is."""
    return render(request, "front.html")


@page()
def workspace_home(request: HttpRequest) -> HttpResponse:
    """Show whose address this is, and nothing that is not public."""
    return render(request, "workspace.html", {"tenant": request.tenant})  # type: ignore[attr-defined]


# dash.: find a workspace by its subdomain and go there.


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


# The page behind a problem's ``type``: what its code means.


@page()
def error_code_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show the entry of one code. Raises NotFound for a code that is not in the catalogue."""
    # This host's routes import only some of the apps; the catalogue holds what is imported.
    autodiscover_modules("problems")
    problem = catalogue().get(code)
    if problem is None:
        raise NotFound(f"There is no error {code}.")
    return render(request, "error_code.html", {"entry": problem})
