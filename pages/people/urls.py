"""Routes of the pages of people, on tenants' hosts."""

from django.urls import path

from pages.people.actions import ACTIONS, action_page
from pages.people.changes import CHANGES, change_page
from pages.people.invitations import invitations_page, resend_page, revoke_page
from pages.people.inviting import invitation_link_page, invite_page
from pages.people.inviting_many import invite_many_page
from pages.people.listing import people_page
from pages.people.person import person_export_page, person_page

INVITATION, PERSON = "people/invitations/<id:invitation_id>", "people/<id:user_id>"
urlpatterns = [
    path("people", people_page, name="people"),
    path("people/invite", invite_page, name="person-invite"),
    path("people/invite/many", invite_many_page, name="people-invite-many"),
    path("people/invite/link", invitation_link_page, name="people-invite-link"),
    path("people/invitations", invitations_page, name="people-invitations"),
    path(f"{INVITATION}/resend", resend_page, name="invitation-resend-page"),
    path(f"{INVITATION}/revoke", revoke_page, name="invitation-revoke-page"),
    path(PERSON, person_page, name="person"),
    path(f"{PERSON}/export", person_export_page, name="person-export"),
    *(path(f"{PERSON}/{c.name}", change_page(c), name=f"person-{c.name}") for c in CHANGES),
    *(path(f"{PERSON}/{a.name}", action_page(a), name=f"person-{a.name}") for a in ACTIONS),
]
