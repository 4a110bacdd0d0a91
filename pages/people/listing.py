"""The list of people, with search and filters."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.invitations.queries import PENDING, find_invitations
from accounts.models import User
from accounts.users.queries import existing_users, search_users
from core.api.filters import validate_ordering
from core.problems import ValidationFailed
from pages.lists import ListPage, paginate
from pages.members import current_person, member_page
from pages.people.labels import ROLE_LABELS
from pages.people.rendering import person_facts, render_people_page

STATES = {"active": _("Active"), "inactive": _("Deactivated")}
ACTIVITY = {"active": "true", "inactive": "false", "": ""}
SORTS = {"email": _("E-mail address"), "-created_at": _("Newest first")}
DEFAULT_SORT = "email"


@member_page(action="users:read")
def people_page(request: HttpRequest) -> HttpResponse:
    """Show the people of the workspace that match the search and the filters."""
    asked = {name: request.GET.get(name, "") for name in ("search", "role", "state", "sort")}
    status, refused = 200, False
    try:
        page = _find(request, asked)
    except ValidationFailed as problem:
        page, status, refused = ListPage([], "", ""), problem.status, True
    return render_people_page(
        request, "people/list.html", _context(request, asked, page, refused=refused), status=status
    )


def _find(request: HttpRequest, asked: dict[str, str]) -> ListPage:
    rows = search_users(
        search=asked["search"],
        role=asked["role"],
        # An unknown state is refused as an unknown value.
        is_active=ACTIVITY.get(asked["state"], asked["state"]),
    )
    ordering = validate_ordering(asked["sort"] or DEFAULT_SORT, SORTS)
    return paginate(request, rows, ordering=ordering, shown=person_facts)


def _context(
    request: HttpRequest, asked: dict[str, str], page: ListPage, *, refused: bool
) -> dict[str, Any]:
    return {
        "asked": asked,
        "page": page,
        "refused": refused,
        "filtered": any(asked[name] for name in ("search", "role", "state")),
        "total": existing_users().count(),
        "open_invitations": find_invitations(state=PENDING).count(),
        "roles": [(role.value, label) for role, label in ROLE_LABELS.items()],
        "states": STATES.items(),
        "sorts": SORTS.items(),
        "default_sort": DEFAULT_SORT,
        "owner_role": User.Role.OWNER,
        "me": current_person(request).pk,
        "tab": "people",
    }
