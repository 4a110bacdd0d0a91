"""Actions on a person that are confirmed on a page of their own."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.api.serializers import user_etag
from accounts.models import User
from accounts.second_factors import reset_second_factors
from accounts.sessions.queries import end_sessions_of_user
from accounts.users.erasure import erase_user, remove_user
from accounts.users.permissions import check_permission, is_permitted
from accounts.users.queries import get_user
from accounts.users.services import Check, update_user
from core.problems import Problem
from core.text.email_addresses import MAX_EMAIL_LENGTH
from pages.base import View, with_problem_status
from pages.members import current_person, member_page, redirect_with_notice
from pages.people.rendering import people_crumbs, person_facts, render_people_page
from pages.people.rights import is_last_owner
from pages.versions import VersionForm

Run = Callable[[uuid.UUID, User, Check], object]


@dataclass(frozen=True, slots=True)
class PersonAction:
    """An action on a person: what it is called, what it does, and what it leads to."""

    name: str
    """The last part of the route."""
    verb: str
    """The rule in accounts/users/permissions.py."""
    title: Any
    button: Any
    effects: tuple[Any, ...]
    """Sentences that say what happens."""
    run: Run
    applies: Callable[[User], bool]
    """Whether there is anything to do."""
    notice: str
    action: str = "users:write"
    ends_account: bool = False
    is_harmless: bool = False
    asks_address: bool = False


ACCESS_ENDS = _("All sessions end at once, and API keys and links in e-mails become void.")
INVITATIONS_END = _("Invitations that this person sent are revoked.")
ACTIONS = (
    PersonAction(
        "end-sessions",
        "end_sessions",
        _("End all sessions"),
        _("End the sessions"),
        (_("This person is logged out on all devices, and can log in again."),),
        lambda user_id, by, check: end_sessions_of_user(user_id, by=by),
        lambda user: user.is_active,
        "sessions_ended",
    ),
    PersonAction(
        "reset-second-factor",
        "reset_factors",
        _("Reset the second factor"),
        _("Remove the second factor"),
        (
            _("Use this when the phone and the recovery codes are lost. Make sure who asks you."),
            _("Until a new one is added, the password alone is enough to log in."),
        ),
        lambda user_id, by, check: reset_second_factors(user_id, by=by),
        lambda user: user.second_factor_at is not None,
        "factor_reset",
        action="users:factors",
    ),
    PersonAction(
        "deactivate",
        "deactivate",
        _("Deactivate"),
        _("Deactivate"),
        (
            _("This person cannot log in until you reactivate the account."),
            ACCESS_ENDS,
            _("Files stay. Links to files that this person made do not work in the meantime."),
            INVITATIONS_END,
        ),
        lambda user_id, by, check: _set_active(user_id, by, check, active=False),
        lambda user: user.is_active,
        "deactivated",
    ),
    PersonAction(
        "reactivate",
        "reactivate",
        _("Reactivate"),
        _("Reactivate"),
        (
            _("This person can log in again, with the same password and role."),
            _("Sessions, API keys and invitations do not come back."),
        ),
        lambda user_id, by, check: _set_active(user_id, by, check, active=True),
        lambda user: not user.is_active,
        "reactivated",
        is_harmless=True,
    ),
    PersonAction(
        "remove",
        "remove",
        _("Remove from the workspace"),
        _("Remove"),
        (
            _("Name, address, password and second factor are deleted. This cannot be undone."),
            ACCESS_ENDS,
            _("Links to files that this person made stop working."),
            INVITATIONS_END,
            _("The audit trail still says what this person did."),
        ),
        lambda user_id, by, check: remove_user(user_id, by=by, check=check),
        lambda user: True,
        "removed",
        ends_account=True,
    ),
    PersonAction(
        "erase",
        "erase",
        _("Remove and erase"),
        _("Erase for good"),
        (
            _("The person is removed, and everything in the audit trail that names them too."),
            _("It is meant for a request for erasure (LGPD, GDPR). This cannot be undone."),
            ACCESS_ENDS,
            _("Links to files that this person made stop working."),
        ),
        lambda user_id, by, check: erase_user(user_id, by=by),
        lambda user: True,
        "erased",
        action="users:erase",
        ends_account=True,
        asks_address=True,
    ),
)


def _set_active(user_id: uuid.UUID, by: User, check: Check, *, active: bool) -> None:
    update_user(user_id, by=by, changes={"is_active": active}, check=check)


class ConfirmForm(VersionForm):
    """A confirmation; for what cannot be undone it asks for the person's address."""

    address = forms.CharField(max_length=MAX_EMAIL_LENGTH)

    def __init__(
        self, data: Any = None, *, subject: User, asks_address: bool, **options: Any
    ) -> None:
        super().__init__(data, current=user_etag(subject), **options)
        self._address = subject.email
        if not asks_address:
            del self.fields["address"]
            return
        text = gettext("To confirm, enter %(email)s") % {"email": subject.email}
        self.fields["address"].label = text
        self.fields["address"].widget.attrs = {"autocomplete": "off", "spellcheck": "false"}

    def clean_address(self) -> str:
        """Return the address. Raises forms.ValidationError for another one."""
        typed: str = self.cleaned_data["address"]
        if typed.strip().lower() != self._address.lower():
            raise forms.ValidationError(gettext("This is not the address of this person."))
        return typed


def offered_actions(actor: User, subject: User) -> list[dict[str, Any]]:
    """Return the actions that the page of a person offers."""
    keeps = is_last_owner(subject)
    return [
        {"action": each, "url": reverse(f"person-{each.name}", args=[subject.pk])}
        for each in ACTIONS
        if is_permitted(each.verb, actor, subject)
        and each.applies(subject)
        and not (keeps and (each.ends_account or each.name == "deactivate"))
    ]


def action_page(action: PersonAction) -> View:
    """Return the page that asks before an action, and does it."""

    @member_page("GET", "POST", action=action.action)
    def view(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
        by, subject = current_person(request), get_user(user_id)
        check_permission(action.verb, by, subject)
        form = ConfirmForm(
            request.POST if request.method == "POST" else None,
            subject=subject,
            asks_address=action.asks_address,
        )
        if not form.is_bound:
            return _render(request, action, subject, form)
        if not form.is_valid():
            return _render(request, action, subject, form, status=400)
        try:
            action.run(user_id, by, lambda row: form.require_current(user_etag(row)))
        except Problem as problem:
            form.add_problem(problem)
            return with_problem_status(_render(request, action, subject, form), problem)
        where = reverse("people") if action.ends_account else reverse("person", args=[user_id])
        return redirect_with_notice(where, action.notice)

    return view


def _render(
    request: HttpRequest,
    action: PersonAction,
    subject: User,
    form: ConfirmForm,
    *,
    status: int = 200,
) -> HttpResponse:
    facts = person_facts(subject)
    files = subject.files.count() if action.ends_account else 0
    effects = [*action.effects, *([_files_stay(files)] if files else [])]
    context = {
        **facts,
        "action": action,
        "effects": effects,
        "form": form,
        "crumbs": people_crumbs((facts["name"], facts["url"]), (str(action.title), "")),
    }
    return render_people_page(request, "people/action.html", context, status=status)


def _files_stay(count: int) -> str:
    text = ngettext(
        "%d file of this person stays in the workspace. Owners and administrators can reach it.",
        "%d files of this person stay in the workspace. Owners and administrators can reach them.",
        count,
    )
    return text % count
