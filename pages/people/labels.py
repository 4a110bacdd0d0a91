"""Texts for roles and states of users and invitations."""

from django.utils.translation import gettext_lazy as _

from accounts.invitations.queries import ACCEPTED, EXPIRED, PENDING, REVOKED
from accounts.models import User

ROLE_LABELS = {
    User.Role.OWNER: _("Owner"),
    User.Role.ADMIN: _("Administrator"),
    User.Role.MEMBER: _("Member"),
}
ROLE_HINTS = {
    User.Role.OWNER: _("May do everything, deletion of the workspace included."),
    User.Role.ADMIN: _("Manages people, all files and settings, but no owners."),
    User.Role.MEMBER: _("Works with the own files."),
}
INVITATION_LABELS = {
    PENDING: _("Open"),
    ACCEPTED: _("Accepted"),
    EXPIRED: _("Expired"),
    REVOKED: _("Revoked"),
}
INVITATION_KINDS = {PENDING: "note", ACCEPTED: "good", EXPIRED: "warn", REVOKED: ""}


def role_choices(roles: list[str]) -> list[tuple[str, object]]:
    """Return the choices of a form for some roles, from the least to the most powerful."""
    order = (User.Role.MEMBER, User.Role.ADMIN, User.Role.OWNER)
    return [(role.value, ROLE_LABELS[role]) for role in order if role in roles]
