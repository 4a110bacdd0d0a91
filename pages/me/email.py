"""Another e-mail address for the own account."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.users.email_change import request_email_change
from core.forms import EmailAddressFormField
from core.problems import Problem
from core.rate_limits.limits import consume
from pages.base import PageForm, with_problem_status
from pages.me.rendering import render_own_page
from pages.members import current_person, member_page, redirect_with_notice
from pages.versions import require_form_problem
from tenants.context import current_tenant


class EmailChangeForm(PageForm):
    """The new address."""

    email = EmailAddressFormField(
        label=_("New e-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )


@member_page("GET", "POST", action="me:email")
def my_email_page(request: HttpRequest) -> HttpResponse:
    """Show the form for another address, or mail the link that confirms it."""
    if request.method != "POST":
        return _render(request, EmailChangeForm())
    form, user = EmailChangeForm(request.POST), current_person(request)
    if not form.is_valid():
        return _render(request, form, status=400)
    try:
        consume("email_change", str(current_tenant().id), str(user.id))
        request_email_change(user, email=form.cleaned_data["email"])
    except Problem as problem:
        require_form_problem(problem)
        form.add_problem(problem)
        return with_problem_status(_render(request, form), problem)
    return redirect_with_notice(reverse("my-email"), "email_mailed")


def _render(request: HttpRequest, form: EmailChangeForm, *, status: int = 200) -> HttpResponse:
    return render_own_page(
        request, "me/email.html", {"form": form}, section="my-email", status=status
    )
