"""The list of invitations; resending and revoking one."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.api.invitations import invitation_etag
from accounts.invitations.limits import consume_invitation_limits
from accounts.invitations.queries import (
    PENDING,
    find_invitations,
    get_invitation,
    invitation_state,
)
from accounts.invitations.services import resend_invitation, revoke_invitation
from accounts.models import Invitation, User
from accounts.problems import InvitationClosed
from accounts.users.permissions import check_permission
from accounts.users.queries import existing_users
from core.problems import Problem
from pages.base import with_problem_status
from pages.lists import paginate
from pages.members import current_person, member_page, redirect_with_notice
from pages.people.inviting import WRITE_ACTION, render_link
from pages.people.labels import INVITATION_KINDS, INVITATION_LABELS, ROLE_LABELS
from pages.people.rendering import people_crumbs, render_people_page
from pages.people.rights import may_resend, may_revoke
from pages.versions import VersionForm

ALL = "all"


@member_page(action="invitations:read")
def invitations_page(request: HttpRequest) -> HttpResponse:
    """Show the invitations, by default the open ones."""
    actor = current_person(request)
    state = request.GET.get("state", PENDING) or PENDING
    rows = find_invitations(state="" if state == ALL else state)
    context = {
        "page": paginate(request, rows, shown=lambda row: invitation_facts(row, actor)),
        "state": state,
        "states": [*INVITATION_LABELS.items(), (ALL, _("All"))],
        "is_open": state == PENDING,
        "total": existing_users().count(),
        "open_invitations": find_invitations(state=PENDING).count(),
        "tab": "invitations",
    }
    return render_people_page(request, "people/invitations.html", context)


def invitation_facts(invitation: Invitation, actor: User) -> dict[str, Any]:
    """Return what pages show of an invitation, and what they offer to ``actor``."""
    state, inviter = invitation_state(invitation), invitation.invited_by
    return {
        "invitation": invitation,
        "name": invitation.email or gettext("Link"),
        "role": ROLE_LABELS[User.Role(invitation.role)],
        "inviter": (inviter.full_name or inviter.email) if inviter else gettext("Platform staff"),
        "state": INVITATION_LABELS[state],
        "kind": INVITATION_KINDS[state],
        "version": invitation_etag(invitation),
        "may_resend": may_resend(actor, invitation),
        "may_revoke": may_revoke(actor, invitation),
    }


@member_page("GET", "POST", action=WRITE_ACTION)
def resend_page(request: HttpRequest, invitation_id: uuid.UUID) -> HttpResponse:
    """Ask first, then send an invitation again, or show the new address of a link."""
    actor, invitation, form = _open(request, invitation_id, "invite")
    if not (form.is_bound and form.is_valid()):
        return _render_confirmation(request, invitation, form, is_resending=True)
    try:
        consume_invitation_limits(actor, invitation.email)
        issued = resend_invitation(
            invitation_id,
            actor=actor,
            check=lambda row: form.require_current(invitation_etag(row)),
        )
    except Problem as problem:
        form.add_problem(problem)
        page = _render_confirmation(request, invitation, form, is_resending=True)
        return with_problem_status(page, problem)
    if issued.token:
        return render_link(request, issued)
    return redirect_with_notice(reverse("people-invitations"), "resent")


@member_page("GET", "POST", action=WRITE_ACTION)
def revoke_page(request: HttpRequest, invitation_id: uuid.UUID) -> HttpResponse:
    """Ask first, then revoke an invitation."""
    actor, invitation, form = _open(request, invitation_id, "uninvite")
    if not (form.is_bound and form.is_valid()):
        return _render_confirmation(request, invitation, form)
    try:
        revoke_invitation(
            invitation_id,
            actor=actor,
            check=lambda row: form.require_current(invitation_etag(row)),
        )
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(_render_confirmation(request, invitation, form), problem)
    return redirect_with_notice(reverse("people-invitations"), "revoked")


def _open(
    request: HttpRequest, invitation_id: uuid.UUID, verb: str
) -> tuple[User, Invitation, VersionForm]:
    """Return actor, invitation and form. Raises: NotFound, PermissionRefused, ProofRequired."""
    actor, invitation = current_person(request), get_invitation(invitation_id)
    check_permission(verb, actor, User(role=invitation.role))
    data = request.POST if request.method == "POST" else None
    return actor, invitation, VersionForm(data, current=invitation_etag(invitation))


def _render_confirmation(
    request: HttpRequest, invitation: Invitation, form: VersionForm, *, is_resending: bool = False
) -> HttpResponse:
    facts = invitation_facts(invitation, current_person(request))
    if not form.is_bound and not facts["may_resend" if is_resending else "may_revoke"]:
        raise InvitationClosed
    title = gettext("Send again") if is_resending else gettext("Revoke the invitation")
    context = {
        **facts,
        "title": title,
        "is_resending": is_resending,
        "form": form,
        "crumbs": people_crumbs(
            (gettext("Invitations"), reverse("people-invitations")), (title, "")
        ),
    }
    return render_people_page(request, "people/invitation_confirm.html", context)
