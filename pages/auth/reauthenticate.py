"""The page on which a user proves again who they are, before dangerous actions."""

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.auth.login import throttle_login
from accounts.auth.reauthentication import reauthenticate
from accounts.models import Session
from accounts.passwords.hashers import hash_pool
from core.crypto.passwords import MAX_RAW_PASSWORD_LENGTH
from core.problems import Problem
from pages.auth.login import MAX_CODE_LENGTH
from pages.base import PageForm, with_problem_status
from pages.members import current_page_session, member_page, next_path, render_member_page


class ReauthenticateForm(PageForm):
    """The password, or a code for users with a second factor."""

    password = forms.CharField(
        label=_("Password"),
        max_length=MAX_RAW_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=_("Code of your authenticator app"),
        max_length=MAX_CODE_LENGTH,
        help_text=_("Or one of your recovery codes."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )

    def __init__(self, data: object = None, *, session: Session) -> None:
        super().__init__(data)
        del self.fields["code" if session.user.second_factor_at is None else "password"]


@member_page("GET", "POST", admitted=False)
def reauthenticate_page(request: HttpRequest) -> HttpResponse:
    """Show the form, or record the authentication and go on to ``next``."""
    session = current_page_session(request)
    if request.method != "POST":
        return _render(request, ReauthenticateForm(session=session))
    form = ReauthenticateForm(request.POST, session=session)
    if not form.is_valid():
        return _render(request, form, status=400)
    fields = form.cleaned_data
    try:
        hash_pool().require_capacity()
        with throttle_login(session.user.email):
            reauthenticate(session, password=fields.get("password"), code=fields.get("code"))
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(_render(request, form), problem)
    return HttpResponseRedirect(next_path(request, reverse("workspace")), status=303)


def _render(request: HttpRequest, form: PageForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "next": next_path(request, "")}
    return render_member_page(request, "auth/reauthenticate.html", context, status=status)
