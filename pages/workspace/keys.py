"""Settings: API keys. The text of a new key is shown once."""

import uuid
from datetime import timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.api_keys import (
    MAX_NAME_LENGTH,
    get_api_key,
    issue_api_key,
    revoke_api_key,
    unrevoked_api_keys,
)
from accounts.permissions import SCOPES
from core.problems import Problem
from pages.base import PageForm, with_problem_status
from pages.members import current_person, member_page, redirect_with_notice
from pages.workspace.rendering import render_settings

TEMPLATE, TAB = "settings/keys.html", "settings-keys"
MAX_SHOWN = 200
LIFETIMES = [
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("1 year")),
    ("", _("Without end")),
]


class KeyForm(PageForm):
    """A new key."""

    name = forms.CharField(label=_("Name"), max_length=MAX_NAME_LENGTH)
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        choices=[(scope, scope) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.ChoiceField(label=_("Works for"), choices=LIFETIMES, required=False, initial="90")


@member_page(action="keys:read")
def keys_page(request: HttpRequest) -> HttpResponse:
    """List the keys that are not revoked."""
    context = {"keys": unrevoked_api_keys()[:MAX_SHOWN]}
    return render_settings(request, TEMPLATE, context, tab=TAB)


@member_page("GET", "POST", action="keys:create")
def new_key_page(request: HttpRequest) -> HttpResponse:
    """Show the form for a key, or create it and show its text."""
    form = KeyForm(request.POST) if request.method == "POST" else KeyForm()
    if request.method != "POST" or not form.is_valid():
        status = 400 if request.method == "POST" else 200
        return render_settings(
            request, "settings/new_key.html", {"form": form}, tab=TAB, status=status
        )
    fields = form.cleaned_data
    days = int(fields["days"] or 0)
    try:
        issued = issue_api_key(
            name=fields["name"],
            scopes=[scope for scope in SCOPES if scope in fields["scopes"]],
            expires_at=timezone.now() + timedelta(days=days) if days else None,
            actor=current_person(request),
        )
    except Problem as problem:
        form.add_problem(problem)
        page = render_settings(request, "settings/new_key.html", {"form": form}, tab=TAB)
        return with_problem_status(page, problem)
    return render_settings(request, "settings/issued_key.html", {"issued": issued}, tab=TAB)


@member_page("GET", "POST", action="keys:revoke")
def revoke_key_page(request: HttpRequest, key_id: uuid.UUID) -> HttpResponse:
    """Ask for a confirmation, or revoke a key."""
    key = get_api_key(key_id)
    context = {
        "title": _("Revoke an API key"),
        "text": _("Programs that use “%(name)s” will be refused at once.") % {"name": key.name},
        "action": _("Revoke the key"),
        "cancel_url": reverse(TAB),
        "danger": True,
    }
    if request.method != "POST":
        return render_settings(request, "components/confirm.html", context, tab=TAB)
    revoke_api_key(key_id, actor=current_person(request), check=lambda _: None)
    return redirect_with_notice(reverse(TAB), "key_revoked")
