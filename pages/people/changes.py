"""Changes of a person by a manager: name, address, role."""

import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.api.serializers import user_etag
from accounts.models import User
from accounts.problems import LastOwner
from accounts.users.creation import MAX_NAME_LENGTH
from accounts.users.permissions import check_permission
from accounts.users.queries import get_user
from accounts.users.services import update_user
from core.forms import EmailAddressFormField
from core.problems import PermissionRefused, Problem
from pages.base import View, with_problem_status
from pages.members import current_person, member_page, redirect_with_notice
from pages.people.labels import ROLE_HINTS, ROLE_LABELS
from pages.people.rendering import people_crumbs, person_facts, render_people_page
from pages.people.rights import assignable_roles, is_last_owner
from pages.versions import VersionForm


class PersonForm(VersionForm):
    """A form about one person, for one actor."""

    def __init__(self, data: Any = None, *, actor: User, subject: User) -> None:
        super().__init__(data, current=user_etag(subject), initial=self.initial_of(subject))
        self.actor, self.subject = actor, subject
        self.prepare()

    def prepare(self) -> None:
        """Adapt the fields to actor and subject."""

    def initial_of(self, subject: User) -> dict[str, Any]:
        """Return the present values."""
        return {name: getattr(subject, name) for name in self.base_fields if name != "version"}


class NameForm(PersonForm):
    """First and last name."""

    first_name = forms.CharField(label=_("First name"), max_length=MAX_NAME_LENGTH, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=MAX_NAME_LENGTH, required=False)


class AddressForm(PersonForm):
    """Another address."""

    email = EmailAddressFormField(
        label=_("E-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
        help_text=_("The former address is told. Links that were mailed to it become void."),
    )


class RoleForm(PersonForm):
    """Another role. Raises: LastOwner; PermissionRefused if there is no choice."""

    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)

    def prepare(self) -> None:
        """Offer the roles that the actor may give."""
        if is_last_owner(self.subject):
            raise LastOwner
        roles = assignable_roles(self.actor, self.subject)
        if len(roles) < 2:
            raise PermissionRefused
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [
            (role, f"{ROLE_LABELS[role]}: {ROLE_HINTS[role]}")
            for role in User.Role
            if role in roles
        ]


@dataclass(frozen=True, slots=True)
class PersonChange:
    """A change of a person: its rule, its form, and its texts."""

    name: str
    verb: str
    form: type[PersonForm]
    title: Any
    notice: str = "saved"


CHANGES = (
    PersonChange("name", "rename", NameForm, _("Change the name")),
    PersonChange("address", "readdress", AddressForm, _("Change the e-mail address")),
    PersonChange("role", "appoint", RoleForm, _("Change the role"), "role"),
)


def change_page(change: PersonChange) -> View:
    """Return the page with the form of a change."""

    @member_page("GET", "POST", action="users:write")
    def view(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
        actor, subject = current_person(request), get_user(user_id)
        check_permission(change.verb, actor, subject)
        if request.method != "POST":
            return _render(request, change, change.form(actor=actor, subject=subject))
        form = change.form(request.POST, actor=actor, subject=subject)
        if not form.is_valid():
            return _render(request, change, form, status=400)
        try:
            update_user(
                user_id,
                by=actor,
                changes=form.values(),
                check=lambda row: form.require_current(user_etag(row)),
            )
        except Problem as problem:
            form.add_problem(problem)
            return with_problem_status(_render(request, change, form), problem)
        return redirect_with_notice(reverse("person", args=[user_id]), change.notice)

    return view


def _render(
    request: HttpRequest, change: PersonChange, form: PersonForm, *, status: int = 200
) -> HttpResponse:
    facts = person_facts(form.subject)
    context = {
        **facts,
        "change": change,
        "form": form,
        "crumbs": people_crumbs((facts["name"], facts["url"]), (str(change.title), "")),
    }
    return render_people_page(request, "people/change.html", context, status=status)
