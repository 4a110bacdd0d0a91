"""The own profile: names, language, time zone."""

from itertools import groupby
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.api.serializers import user_etag
from accounts.models import User
from accounts.permissions import require_admitted
from accounts.users.creation import MAX_NAME_LENGTH
from accounts.users.preferences import PREFERENCE_FIELDS
from accounts.users.services import update_profile
from core.forms import LongSelect
from core.problems import Problem
from core.time_zones import time_zone_names
from pages.base import with_problem_status
from pages.me.rendering import render_own_page
from pages.members import current_person, member_page, redirect_with_notice
from pages.versions import VersionForm

FIELDS = ("first_name", "last_name", *PREFERENCE_FIELDS)
Choices = list[tuple[str, Any]]


class ProfileForm(VersionForm):
    """Names, language and time zone."""

    first_name = forms.CharField(
        label=_("First name"),
        max_length=MAX_NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=_("Last name"),
        max_length=MAX_NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        help_text=_("Of the pages, and of the e-mails that you get."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        help_text=_("Dates and times are shown in it."),
        widget=LongSelect,
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        for name, choices in (("language", language_choices()), ("time_zone", time_zone_choices())):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
            field.choices = choices


def language_choices() -> Choices:
    """Return the served languages, each in its own words, and no choice."""
    return [("", _("As the workspace or the browser says")), *settings.LANGUAGES]


def time_zone_choices() -> Choices:
    """Return the time zones in groups by their first part, and no choice."""
    names = sorted(time_zone_names())
    groups = groupby((name for name in names if "/" in name), lambda name: name.partition("/")[0])
    plain = [(name, name) for name in names if "/" not in name]
    return [
        ("", _("As the workspace says")),
        *((area, [(name, _place(name)) for name in found]) for area, found in groups),
        (_("Other"), plain),
    ]


def _place(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", " / ")


@member_page("GET", "POST", admitted=False)
def my_account_page(request: HttpRequest) -> HttpResponse:
    """Show the own profile, or change it."""
    user = current_person(request)
    if request.method != "POST":
        initial = {name: getattr(user, name) for name in FIELDS}
        return _render(request, user, ProfileForm(current=user_etag(user), initial=initial))
    require_admitted(user)
    form = ProfileForm(request.POST, current=user_etag(user))
    if not form.is_valid():
        return _render(request, user, form, status=400)
    try:
        update_profile(
            user, changes=form.values(), check=lambda row: form.require_current(user_etag(row))
        )
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(_render(request, user, form), problem)
    return redirect_with_notice(reverse("my-account"), "saved")


def _render(
    request: HttpRequest, user: User, form: ProfileForm, *, status: int = 200
) -> HttpResponse:
    return render_own_page(
        request, "me/profile.html", {"form": form}, section="my-account", status=status
    )
