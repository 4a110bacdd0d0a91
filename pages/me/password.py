"""The own password. It is also where a user replaces a first password that another one chose."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.passwords.services import change_password
from core.crypto.passwords import MAX_RAW_PASSWORD_LENGTH
from core.problems import Problem
from pages.base import PageForm, new_password_field, with_problem_status
from pages.me.rendering import render_own_page
from pages.members import current_page_session, member_page, next_path, redirect_with_notice
from pages.versions import require_form_problem


class PasswordForm(PageForm):
    """The present password, and the new one."""

    current_password = forms.CharField(
        label=_("Present password"),
        max_length=MAX_RAW_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = new_password_field(_("New password"))


@member_page("GET", "POST", admitted=False)
def my_password_page(request: HttpRequest) -> HttpResponse:
    """Show the form, or change the password and go on to ``next``."""
    if request.method != "POST":
        return _render(request, PasswordForm())
    form = PasswordForm(request.POST)
    if not form.is_valid():
        return _render(request, form, status=400)
    try:
        change_password(
            current_page_session(request),
            current=form.cleaned_data["current_password"],
            password=form.cleaned_data["password"],
        )
    except Problem as problem:
        require_form_problem(problem)
        form.add_problem(problem)
        return with_problem_status(_render(request, form), problem)
    return redirect_with_notice(next_path(request, reverse("my-password")), "password")


def _render(request: HttpRequest, form: PasswordForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "next": next_path(request, "")}
    return render_own_page(
        request, "me/password.html", context, section="my-password", status=status
    )
