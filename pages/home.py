"""Home pages of a workspace and of dash., and the page of an error code."""

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.module_loading import autodiscover_modules

from core.problems import NotFound, catalogue
from core.text.translation import translatable
from pages.base import page
from tenants.names import normalise_slug
from tenants.routing import site_url, tenant_for_host

MAX_INPUT_LENGTH = 300


@page()
def workspace_home(request: HttpRequest) -> HttpResponse:
    """Show the name of the workspace, which is public, and nothing else."""
    return render(request, "workspace.html", {"tenant": request.tenant})  # type: ignore[attr-defined]


# Browsers apply form-action also to the redirect after a form.
@csp_update({"form-action": site_url("*")})
@page()
def find_workspace(request: HttpRequest) -> HttpResponse:
    """Redirect to the workspace that ``?workspace=`` names, or show the form for it."""
    user_input = request.GET.get("workspace", "").strip()[:MAX_INPUT_LENGTH]
    if not user_input:
        return render(request, "find_workspace.html")
    label = subdomain_from_input(user_input)
    tenant = tenant_for_host(label) if label else None
    if tenant is None or tenant.status == "deleting":
        return render(request, "find_workspace.html", {"asked": user_input}, status=404)
    return redirect(site_url(tenant.slug))


def subdomain_from_input(text: str) -> str:
    """Return the subdomain in a typed or pasted text; empty if there is none."""
    name = normalise_slug(text).partition("://")[2] or normalise_slug(text)
    host = name.partition("/")[0].partition(":")[0].rstrip(".")
    label = host.removesuffix(f".{settings.BASE_DOMAIN}")
    is_valid = label.replace("-", "").isalnum() and label.isascii()
    return label if is_valid else ""


@page()
def error_code_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show the catalogue entry of a problem's ``type``. Raises: NotFound for an unknown code."""
    # The catalogue contains imported problems only, and this host's routes do not import all apps.
    autodiscover_modules("problems")
    problem = catalogue().get(code)
    if problem is None:
        raise NotFound(translatable("There is no error %(code)s.", code=code))
    return render(request, "error_code.html", {"entry": problem})
