"""Forms that change something which may have changed since the page was loaded.

The hidden field ``version`` is the entity tag that the API has in ``ETag`` and ``If-Match``.
"""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.problems import PreconditionFailed, Problem
from pages.base import PageForm

CHANGED_SINCE = _(
    "This has been changed since you opened the page. Below is the present state: look at it, and "
    "send the form again if you still want to."
)
MAX_VERSION_LENGTH = 100
# Other problems are pages of their own: there is nothing to correct in the form.
FORM_STATUSES = (400, 409, 412, 429, 503)


class VersionForm(PageForm):
    """A form about one version of a resource. ``current`` is its present entity tag."""

    version = forms.CharField(
        max_length=MAX_VERSION_LENGTH, required=False, widget=forms.HiddenInput
    )

    def __init__(self, data: Any = None, *, current: str, **options: Any) -> None:
        initial = {**options.pop("initial", {}), "version": current}
        super().__init__(data, initial=initial, **options)
        self._current = current

    def require_current(self, etag: str) -> None:
        """Compare the version that the form was about with ``etag``. Raises: PreconditionFailed."""
        if self.cleaned_data["version"] != etag:
            raise PreconditionFailed

    def values(self) -> dict[str, Any]:
        """Return the valid values of the other fields."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def add_problem(self, problem: Problem) -> None:
        """Show a problem; after a conflict the form is about the present version.

        Raises: problems that are not about the form.
        """
        require_form_problem(problem)
        if isinstance(problem, PreconditionFailed):
            self.data = {**dict(self.data.items()), "version": self._current}
            self.add_error(None, gettext(str(CHANGED_SINCE)))
            return
        super().add_problem(problem)


def require_form_problem(problem: Problem) -> None:
    """Raise a problem that a form cannot show, such as a missing permission."""
    if problem.status not in FORM_STATUSES:
        raise problem
