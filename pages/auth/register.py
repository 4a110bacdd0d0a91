"""The page on which anyone joins a workspace whose registration is open."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts.invitations.acceptance import registration_is_open
from core.problems import Problem
from core.rate_limits.limits import consume_by_address
from pages.account_links import render_link_page, render_problem
from pages.base import page
from pages.join import JoinForm, register_person
from pages.members import browser_session

TEMPLATE = "auth/register.html"


class RegisterForm(JoinForm):
    """Fields of a new user without an invitation."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, address="")
        del self.fields["token"]


@never_cache
@page("GET", "POST")
def register_page(request: HttpRequest) -> HttpResponse:
    """Show the form, or register the user and log in.

    A workspace that requires verified addresses sends a link first. That answer is the same for an
    address that is in use.
    """
    if not registration_is_open():
        return render_link_page(request, TEMPLATE, {"closed": True}, status=403)
    if request.method != "POST":
        if browser_session(request).session is not None:
            return HttpResponseRedirect(reverse("workspace"), status=303)
        return render_link_page(request, TEMPLATE, {"form": RegisterForm()})
    form = RegisterForm(request.POST)
    if not form.is_valid():
        return render_link_page(request, TEMPLATE, {"form": form}, status=400)
    try:
        consume_by_address("register")
        return register_person(request, TEMPLATE, form.cleaned_data)
    except Problem as problem:
        return render_problem(request, TEMPLATE, {"form": form}, problem)
