"""Invitation of many people: a list is checked first, then sent, and each line is accounted for."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.invitations.limits import (
    ADDRESS_LIMIT,
    consume_list_limit,
    consume_listed_invitation_limits,
)
from accounts.invitations.queries import PENDING, find_invitations
from accounts.invitations.services import invite
from accounts.models import User
from accounts.problems import ProofRequired
from accounts.users.permissions import check_permission
from accounts.users.queries import existing_users
from core.http.small_files import with_small_files
from core.problems import Problem, RateLimited
from pages.members import current_person, member_page
from pages.people.address_list import (
    MAX_ADDRESSES,
    MAX_TEXT_LENGTH,
    ListedAddress,
    decode_file,
    parse_addresses,
)
from pages.people.inviting import WRITE_ACTION, RoleChoiceForm, inviting_context
from pages.people.rendering import render_people_page

TOO_MANY = _("These are more than %(most)d addresses. Nothing has been sent; use several lists.")
SENT, IGNORED, REFUSED = "sent", "ignored", "refused"


class ListForm(RoleChoiceForm):
    """A pasted list, or a file."""

    addresses = forms.CharField(
        label=_("E-mail addresses"),
        required=False,
        max_length=MAX_TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocapitalize": "none"}),
        help_text=_("One in a line, or separated by commas. Names in front are left out."),
    )
    file = forms.FileField(
        label=_("Or a file (CSV)"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=_("One person in a line; every column with an @ is an address."),
    )
    field_order = ("addresses", "file", "role")

    def clean(self) -> dict[str, Any]:
        """Return the values, with the parsed addresses of text and file as ``found``."""
        fields = super().clean() or {}
        upload = fields.get("file")
        texts = [fields.get("addresses", ""), decode_file(upload.read()) if upload else ""]
        found = parse_addresses("\n".join(text for text in texts if text))
        if len(found) > MAX_ADDRESSES:
            raise forms.ValidationError(gettext(str(TOO_MANY)) % {"most": MAX_ADDRESSES})
        if not found and "addresses" not in self.errors:
            self.add_error("addresses", gettext("Enter at least one address, or choose a file."))
        return {**fields, "found": found}


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What is to happen, or has happened, with one address of the list."""

    listed: ListedAddress
    kind: str
    said: str


@with_small_files
@member_page("GET", "POST", action=WRITE_ACTION)
def invite_many_page(request: HttpRequest) -> HttpResponse:
    """Show the form; check a list; or, once it was checked, send the invitations."""
    actor = current_person(request)
    if request.method != "POST":
        return _render_form(request, ListForm(actor=actor))
    form = ListForm(request.POST, files=request.FILES, actor=actor)
    if not form.is_valid():
        return _render_form(request, form, status=400)
    role = form.cleaned_data["role"]
    try:
        check_permission("invite", actor, User(role=role))
    except ProofRequired:
        return _render_form(request, form, status=403, must_prove=True)
    outcomes = _check(form.cleaned_data["found"])
    if "send" not in request.POST or not any(row.kind == SENT for row in outcomes):
        return _render_check(request, form, outcomes)
    return _render_outcomes(request, form, _send(outcomes, role, actor))


def _check(found: list[ListedAddress]) -> list[LineOutcome]:
    """Return what would happen with each address."""
    addresses = [listed.address for listed in found if listed.address]
    here = set(existing_users().filter(email__in=addresses).values_list("email", flat=True))
    pending = find_invitations(state=PENDING).filter(email__in=addresses)
    invited = set(pending.values_list("email", flat=True))
    return [_check_one(listed, here, invited) for listed in found]


def _check_one(listed: ListedAddress, here: set[str], invited: set[str]) -> LineOutcome:
    if listed.error:
        return LineOutcome(listed, REFUSED, gettext(listed.error))
    if listed.same_as:
        said = gettext("The same address as in line %(line)d.") % {"line": listed.same_as}
        return LineOutcome(listed, IGNORED, said)
    if listed.address in here:
        return LineOutcome(listed, IGNORED, gettext("Is in this workspace already."))
    if listed.address in invited:
        return LineOutcome(listed, SENT, gettext("Replaces the open invitation."))
    return LineOutcome(listed, SENT, gettext("Will be invited."))


def _send(outcomes: list[LineOutcome], role: str, actor: User) -> list[LineOutcome]:
    """Invite each address. At a limit that concerns all addresses the rest is not tried."""
    done: list[LineOutcome] = []
    stopped = _list_limit(actor)
    for row in outcomes:
        if row.kind != SENT:
            done.append(row)
            continue
        problem = stopped or _send_one(row.listed.address, role, actor)
        if isinstance(problem, RateLimited) and problem.members["limits"] != [ADDRESS_LIMIT]:
            stopped = problem
        done.append(_outcome(row.listed, problem))
    return done


def _list_limit(actor: User) -> Problem | None:
    try:
        consume_list_limit(actor)
    except RateLimited as problem:
        return problem
    return None


def _send_one(address: str, role: str, actor: User) -> Problem | None:
    try:
        consume_listed_invitation_limits(address)
        invite(email=address, role=role, actor=actor)
    except Problem as problem:
        # A permission that is lost in the meantime is reported like any other reason, so that the
        # list still says what has been sent.
        return problem
    return None


def _outcome(listed: ListedAddress, problem: Problem | None) -> LineOutcome:
    if problem is None:
        return LineOutcome(listed, SENT, gettext("Invited."))
    if isinstance(problem, RateLimited):
        return LineOutcome(listed, REFUSED, gettext("Not sent: too many invitations for now."))
    detail = problem.errors[0].detail if problem.errors else problem.title
    return LineOutcome(listed, REFUSED, gettext(detail))


def _render_form(
    request: HttpRequest, form: ListForm, *, status: int = 200, must_prove: bool = False
) -> HttpResponse:
    context = {
        "form": form,
        "must_prove": must_prove,
        "most": MAX_ADDRESSES,
        **inviting_context("invite_many"),
    }
    return render_people_page(request, "people/invite_many.html", context, status=status)


def _render_check(
    request: HttpRequest, form: ListForm, outcomes: list[LineOutcome]
) -> HttpResponse:
    good = [row.listed.address for row in outcomes if row.kind == SENT]
    context = {
        "rows": outcomes,
        "good": len(good),
        "refused": sum(row.kind == REFUSED for row in outcomes),
        "addresses": "\n".join(good),
        "text": "\n".join(row.listed.text for row in outcomes),
        "role": form.cleaned_data["role"],
        "form": form,
        **inviting_context("invite_many"),
    }
    return render_people_page(request, "people/invite_many_check.html", context)


def _render_outcomes(
    request: HttpRequest, form: ListForm, outcomes: list[LineOutcome]
) -> HttpResponse:
    left = [row.listed.address or row.listed.text for row in outcomes if row.kind == REFUSED]
    context = {
        "rows": outcomes,
        "sent": sum(row.kind == SENT for row in outcomes),
        "left": "\n".join(left),
        "role": form.cleaned_data["role"],
        **inviting_context("invite_many"),
    }
    return render_people_page(request, "people/invite_many_done.html", context)
