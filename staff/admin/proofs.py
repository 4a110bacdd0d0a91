"""Looking up the DNS records of tenants' custom domains now."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from staff.actors import admin_actor
from staff.admin.confirmed_action import ConfirmedAction
from tenants.domains.verification import check_domain
from tenants.models import Domain, Tenant
from tenants.problems import DomainTaken


def _has_custom(tenant: Tenant) -> bool:
    return any(not domain.is_label for domain in tenant.domains.all())


def _check(tenant: Tenant, request: HttpRequest) -> None:
    for domain in tenant.domains.all():
        if not domain.is_label:
            messages.info(request, _check_message(domain, request))


def _check_message(domain: Domain, request: HttpRequest) -> str:
    try:
        checked = check_domain(domain.pk, actor=admin_actor(request))
    except DomainTaken:
        return f"{gettext(DomainTaken.title)} ({domain.domain})"
    if checked.verified_at:
        return gettext("The domain %(domain)s is proved.") % {"domain": domain.domain}
    text = gettext("The domain %(domain)s is not proved: %(result)s.")
    return text % {"domain": domain.domain, "result": checked.check_result}


CHECK_DOMAINS = ConfirmedAction(
    action="check_domains",
    title=_("Check domains"),
    question=_("The DNS records of these workspaces will be looked up:"),
    button=_("Look up"),
    one_by_one=True,  # name servers may take seconds
    applies=_has_custom,
    carry_out=lambda tenant, request, data: _check(tenant, request),
)
