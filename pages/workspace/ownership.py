"""Settings: transfer of the ownership, and deletion of the workspace with what it takes along."""

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.own_tenant.services import delete_own_tenant
from accounts.users.ownership import transfer_ownership
from core.forms import LongSelect
from core.problems import Problem
from files.usage import count_files
from pages.base import PageForm, with_problem_status
from pages.members import current_person, member_page, redirect_with_notice
from pages.workspace.rendering import render_settings

TAB = "settings-ownership"
MAX_CANDIDATES = 500


class TransferForm(PageForm):
    """The person who becomes the owner."""

    user_id = forms.TypedChoiceField(label=_("New owner"), coerce=uuid.UUID, widget=LongSelect)

    def __init__(self, data: Any = None, *, by: User) -> None:
        super().__init__(data)
        people = User.objects.filter(is_active=True).exclude(pk=by.pk).order_by("email")
        self.fields["user_id"].choices = [  # type: ignore[attr-defined]
            (str(user.pk), f"{user.full_name} <{user.email}>".strip())
            for user in people[:MAX_CANDIDATES]
        ]


class DeleteForm(PageForm):
    """The subdomain, typed again."""

    confirm = forms.CharField(
        label=_("Type the subdomain of the workspace"),
        max_length=63,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off"}),
    )


@member_page("GET", "POST", action="tenant:transfer")
def ownership_page(request: HttpRequest) -> HttpResponse:
    """Show both forms, or transfer the ownership."""
    person = current_person(request)
    form = TransferForm(request.POST if request.method == "POST" else None, by=person)
    if request.method != "POST":
        return _render(request, form)
    if not form.is_valid():
        return _render(request, form, status=400)
    try:
        transfer_ownership(form.cleaned_data["user_id"], by=person)
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(_render(request, form), problem)
    return redirect_with_notice(reverse("workspace"), "transferred")


@member_page("GET", "POST", action="tenant:delete")
def delete_workspace_page(request: HttpRequest) -> HttpResponse:
    """Say what the deletion takes along, or schedule it."""
    form = DeleteForm(request.POST) if request.method == "POST" else DeleteForm()
    if request.method != "POST" or not form.is_valid():
        return _render_delete(request, form, status=400 if request.method == "POST" else 200)
    try:
        delete_own_tenant(
            actor=current_person(request),
            confirm=form.cleaned_data["confirm"],
            check=lambda _: None,
        )
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(_render_delete(request, form), problem)
    return HttpResponseRedirect(reverse("workspace"), status=303)


def _render(request: HttpRequest, form: PageForm, status: int = 200) -> HttpResponse:
    return render_settings(
        request, "settings/ownership.html", {"form": form}, tab=TAB, status=status
    )


def _render_delete(request: HttpRequest, form: PageForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "people": User.objects.count(), "files": count_files()}
    return render_settings(request, "settings/delete.html", context, tab=TAB, status=status)
