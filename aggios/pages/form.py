"""What the forms of our pages have in common: how they show what a service had against them."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.problems import Problem


def new_password_field(label: Any = None) -> forms.CharField:
    """Return the field in which somebody chooses a password, called so without a label."""
    return forms.CharField(
        label=label or _("Password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters, and nothing that is easy to guess."),
    )


class PageForm(forms.Form):
    """A form of a page; what its fields must hold is for the services to say."""

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, label_suffix="", **options)

    def refuse(self, problem: Problem) -> None:
        """Show a problem's faults beside their fields."""
        for fault in problem.errors:
            field = fault.field if fault.field in self.fields else None
            self.add_error(field, gettext(fault.detail))
        if not problem.errors:
            self.add_error(None, gettext(problem.title))


def with_problem_status(page: HttpResponse, problem: Problem) -> HttpResponse:
    """Return a page that shows a problem with that problem's status and headers."""
    page.status_code = problem.status
    for name, value in problem.headers.items():
        page.headers[name] = value
    return page
