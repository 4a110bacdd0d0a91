"""The language of a logged-in user, changed in the menu of every page.

``?lang=`` changes the page for visitors. A user's choice is in the profile, so it needs a form.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.users.services import update_profile
from pages.members import current_person, member_page, next_path


@member_page("GET", "POST", admitted=False)
def language_page(request: HttpRequest) -> HttpResponse:
    """Store the language and go back. GET changes nothing. Raises: ValidationFailed."""
    if request.method == "POST":
        changes = {"language": request.POST.get("language", "")}
        update_profile(current_person(request), changes=changes, check=lambda _: None)
    return HttpResponseRedirect(next_path(request, reverse("workspace")), status=303)
