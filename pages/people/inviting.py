"""Invitation of one person by e-mail, and of several by a link."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.api.invitations import serialize_issued_invitation
from accounts.invitations.limits import consume_invitation_limits
from accounts.invitations.services import (
    MAX_LINK_USES,
    MIN_LINK_USES,
    IssuedInvitation,
    create_invitation_link,
    invite,
)
from accounts.models import User
from accounts.permissions import current_policy
from accounts.problems import ProofRequired
from core.forms import EmailAddressFormField
from core.problems import Problem
from pages.base import PageForm, with_problem_status
from pages.members import current_person, member_page, redirect_with_next, redirect_with_notice
from pages.people.labels import role_choices
from pages.people.rendering import people_crumbs, render_people_page
from pages.people.rights import invitable_roles
from pages.versions import require_form_problem

WRITE_ACTION = "invitations:write"
DEFAULT_LINK_USES = 10


class RoleChoiceForm(PageForm):
    """A form with the roles to which the actor may invite."""

    by_link = False
    role = forms.ChoiceField(label=_("Role"), initial=User.Role.MEMBER)

    def __init__(self, data: Any = None, *, actor: User, **options: Any) -> None:
        super().__init__(data, **options)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = role_choices(invitable_roles(actor, by_link=self.by_link))


class InviteForm(RoleChoiceForm):
    """One address."""

    email = EmailAddressFormField(
        label=_("E-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
    )
    field_order = ("email", "role")


class LinkForm(RoleChoiceForm):
    """A link that several people may use."""

    by_link = True
    max_uses = forms.IntegerField(
        label=_("How many people may use it"),
        min_value=MIN_LINK_USES,
        max_value=MAX_LINK_USES,
        initial=DEFAULT_LINK_USES,
    )
    field_order = ("max_uses", "role")


@member_page("GET", "POST", action=WRITE_ACTION)
def invite_page(request: HttpRequest) -> HttpResponse:
    """Show the form for one address, or send the invitation."""
    actor = current_person(request)
    if request.method != "POST":
        wanted = {name: request.GET[name] for name in ("email", "role") if name in request.GET}
        return _render(request, "invite", InviteForm(actor=actor, initial=wanted))
    form = InviteForm(request.POST, actor=actor)
    if not form.is_valid():
        return _render(request, "invite", form, status=400)
    try:
        consume_invitation_limits(actor, form.cleaned_data["email"])
        invite(**form.cleaned_data, actor=actor)
    except ProofRequired:
        return _prove_first(request, "person-invite", form.cleaned_data)
    except Problem as problem:
        require_form_problem(problem)
        form.add_problem(problem)
        return with_problem_status(_render(request, "invite", form), problem)
    return redirect_with_notice(reverse("people-invitations"), "invited")


@member_page("GET", "POST", action=WRITE_ACTION)
def invitation_link_page(request: HttpRequest) -> HttpResponse:
    """Show the form for a link, or create it and show it once."""
    actor = current_person(request)
    if request.method != "POST":
        wanted = {name: request.GET[name] for name in ("max_uses", "role") if name in request.GET}
        return _render(request, "invite_link", LinkForm(actor=actor, initial=wanted))
    form = LinkForm(request.POST, actor=actor)
    if not form.is_valid():
        return _render(request, "invite_link", form, status=400)
    try:
        consume_invitation_limits(actor)
        issued = create_invitation_link(**form.cleaned_data, actor=actor)
    except ProofRequired:
        return _prove_first(request, "people-invite-link", form.cleaned_data)
    except Problem as problem:
        require_form_problem(problem)
        form.add_problem(problem)
        return with_problem_status(_render(request, "invite_link", form), problem)
    return render_link(request, issued)


def render_link(request: HttpRequest, issued: IssuedInvitation) -> HttpResponse:
    """Show the address of a new link, which is shown only once."""
    context = {
        "link": serialize_issued_invitation(issued)["url"],
        "invitation": issued.invitation,
        "crumbs": people_crumbs((gettext("Invitation link"), "")),
    }
    return render_people_page(request, "people/link.html", context)


def inviting_context(tab: str) -> dict[str, Any]:
    """Return what the pages for inviting show around their forms."""
    return {
        "way": tab,
        "days": max(current_policy().invitation_seconds // 86400, 1),
        "crumbs": people_crumbs((gettext("Invite people"), "")),
    }


def _prove_first(request: HttpRequest, name: str, fields: dict[str, Any]) -> HttpResponse:
    """Lead to the reauthentication, and back to the form with the same values."""
    back = f"{reverse(name)}?{urlencode(fields)}"
    return redirect_with_next(request, "reauthenticate-page", back=back)


def _render(
    request: HttpRequest, template: str, form: PageForm, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, **inviting_context(template)}
    return render_people_page(request, f"people/{template}.html", context, status=status)
