"""Settings: the workspace's own domains, the record that proves them, and their state."""

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.own_tenant.domains import (
    check_own_domain,
    claim_own_domain,
    get_own_domain,
    release_own_domain,
)
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import Problem
from core.rate_limits.limits import consume
from core.text.email_addresses import MAX_DOMAIN_INPUT_LENGTH
from pages.base import PageForm, with_problem_status
from pages.members import current_person, member_page, redirect_with_notice
from pages.workspace.rendering import render_settings
from tenants.context import current_tenant
from tenants.domains.dns_proof import CheckResult
from tenants.domains.services import domains_of
from tenants.serializers import serialize_domain

TEMPLATE, TAB = "settings/domains.html", "settings-domains"
RESULTS: dict[str, Any] = {
    CheckResult.FOUND: _("The record was found."),
    CheckResult.NOT_FOUND: _("The record is not there yet. DNS can take some hours."),
    CheckResult.WRONG_VALUE: _("There is such a record, with another value."),
    CheckResult.NXDOMAIN: _("This domain does not exist."),
    CheckResult.TIMEOUT: _("The name server did not answer. Try again later."),
    CheckResult.SERVFAIL: _("The name server reports a failure. Try again later."),
}


class DomainForm(PageForm):
    """The name of a new domain."""

    domain = forms.CharField(
        label=_("Your own domain"),
        max_length=MAX_DOMAIN_INPUT_LENGTH,
        help_text=_("For example files.your-agency.com"),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )


@member_page("GET", "POST", action="domains:read")
def domains_page(request: HttpRequest) -> HttpResponse:
    """List the domains, or claim a new one."""
    if request.method != "POST":
        return _render(request, DomainForm())
    form = DomainForm(request.POST)
    if not form.is_valid():
        return _render(request, form, status=400)
    try:
        claim_own_domain(name=form.cleaned_data["domain"], actor=current_person(request))
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(_render(request, form), problem)
    return redirect_with_notice(reverse(TAB), "domain_added")


@member_page("POST", action="domains:write")
def check_domain_page(request: HttpRequest, domain_id: uuid.UUID) -> HttpResponse:
    """Look up the record of a domain now, and show the result."""
    consume("domain_check", str(current_tenant().id))
    try:
        check_own_domain(domain_id, actor=current_person(request))
    except Problem as problem:
        form = DomainForm()
        context = {"said": problem.title}
        return with_problem_status(_render(request, form, context=context), problem)
    return _render(request, DomainForm())


@member_page("GET", "POST", action="domains:write")
def remove_domain_page(request: HttpRequest, domain_id: uuid.UUID) -> HttpResponse:
    """Ask for a confirmation, or release a domain."""
    domain = get_own_domain(domain_id)
    context = {
        "title": _("Remove a domain"),
        "text": _("%(domain)s will lead to the workspace no more, at once.")
        % {"domain": domain.domain},
        "action": _("Remove the domain"),
        "cancel_url": reverse(TAB),
        "danger": True,
    }
    if request.method != "POST":
        return render_settings(request, "components/confirm.html", context, tab=TAB)
    release_own_domain(domain_id, actor=current_person(request), check=lambda _: None)
    return redirect_with_notice(reverse(TAB), "domain_removed")


def _render(
    request: HttpRequest,
    form: PageForm,
    *,
    status: int = 200,
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    with use_scope(PUBLIC):
        rows = [serialize_domain(each) for each in domains_of(current_tenant().id)]
    for row in rows:
        row["result"] = RESULTS.get(row["check_result"], "")
    values = {"form": form, "domains": rows, **(context or {})}
    return render_settings(request, TEMPLATE, values, tab=TAB, status=status)
