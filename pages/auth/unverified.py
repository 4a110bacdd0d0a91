"""The page for users who must verify their e-mail address first."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.auth.registration import resend_verification
from accounts.models import User
from accounts.permissions import current_policy
from core.problems import RateLimited
from core.rate_limits.limits import consume
from pages.base import problem_sentence, with_problem_status
from pages.members import (
    current_person,
    member_page,
    next_path,
    render_member_page,
)
from tenants.context import current_tenant

NOTICES = {"mailed": _("The e-mail is on its way.")}


@member_page("GET", "POST", admitted=False)
def unverified_page(request: HttpRequest) -> HttpResponse:
    """Say what to do, or send the link again."""
    person = current_person(request)
    if person.email_verified_at is not None:
        return HttpResponseRedirect(next_path(request, reverse("workspace")), status=303)
    if request.method != "POST":
        return _render(request)
    try:
        _send_again(person)
    except RateLimited as problem:
        return with_problem_status(_render(request, problem_sentence(problem)), problem)
    return HttpResponseRedirect(_url_with_notice(request), status=303)


def _send_again(person: User) -> None:
    """Queue the e-mail within the limit of ``POST /api/auth/email/verification``."""
    consume("verification", str(current_tenant().id), str(person.id))
    resend_verification(person)


def _url_with_notice(request: HttpRequest) -> str:
    target = next_path(request, "")
    query = {"notice": "mailed", **({"next": target} if target else {})}
    return f"{reverse('email-unverified')}?{urlencode(query)}"


def _render(request: HttpRequest, refusal: str = "") -> HttpResponse:
    context = {
        "refusal": refusal,
        "next": next_path(request, ""),
        "is_required": current_policy().email_verification == "required",
    }
    return render_member_page(request, "auth/unverified.html", context, notices=NOTICES)
