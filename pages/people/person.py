"""The page of one person: facts, sessions, and what may be done."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from accounts.models import User
from accounts.sessions.queries import ACTIVE, user_sessions
from accounts.users.permissions import check_permission, is_permitted
from accounts.users.queries import get_user
from pages.lists import paginate
from pages.me.data import export_response
from pages.me.sessions import LAST_USED_FIRST, session_row
from pages.members import current_person, member_page
from pages.people.actions import offered_actions
from pages.people.labels import ROLE_HINTS
from pages.people.rendering import people_crumbs, person_facts, render_people_page
from pages.people.rights import assignable_roles, is_last_owner


@member_page(action="users:read")
def person_page(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    """Show a person."""
    actor, subject = current_person(request), get_user(user_id)
    facts = person_facts(subject)
    sessions = user_sessions(subject, state=ACTIVE)
    context = {
        **facts,
        "subject": subject,
        "role_hint": ROLE_HINTS[User.Role(subject.role)],
        "is_me": actor.pk == subject.pk,
        "is_last_owner": is_last_owner(subject),
        "files": subject.files.filter(deleted_at=None).count(),
        "page": paginate(request, sessions, ordering=LAST_USED_FIRST, shown=session_row),
        "crumbs": people_crumbs((facts["name"], facts["url"])),
        **_offers(actor, subject),
    }
    return render_people_page(request, "people/person.html", context)


def _offers(actor: User, subject: User) -> dict[str, Any]:
    is_other = actor.pk != subject.pk
    return {
        "may_rename": is_permitted("rename", actor, subject),
        "may_readdress": is_other and is_permitted("readdress", actor, subject),
        "may_appoint": len(assignable_roles(actor, subject)) > 1,
        "may_export": is_other and is_permitted("export", actor, subject),
        "actions": offered_actions(actor, subject) if is_other else [],
    }


@member_page("GET", "POST", action="users:export")
def person_export_page(request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
    """Say what the export holds; POST sends it."""
    actor, subject = current_person(request), get_user(user_id)
    check_permission("export", actor, subject)
    if request.method == "POST":
        return export_response(user_id, by=actor)
    facts = person_facts(subject)
    crumbs = people_crumbs((facts["name"], facts["url"]), (gettext("Export the data"), ""))
    return render_people_page(request, "people/export.html", {**facts, "crumbs": crumbs})
