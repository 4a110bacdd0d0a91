"""What accounts and the audit trail know of a person, as rows of their export."""

from collections.abc import Iterator

from django.db.models import Q

from accounts.models import ApiKey, Authenticator, Invitation, MailLink, Session, User
from accounts.users.data_export import Row, iterate_rows, select_fields
from audit.models import AuditEvent

SESSION_FIELDS = "id created_at last_used_at expires_at ended_at end_reason ip user_agent"
API_KEY_FIELDS = "id name scopes created_at expires_at last_used_at last_used_ip revoked_at"
INVITATION_FIELDS = "id email role language created_at expires_at max_uses uses revoked_at"
EMAIL_LINK_FIELDS = "id purpose email created_at expires_at used_at"


def export_sessions(person: User) -> Iterator[Row]:
    """Give the person's log-ins that are still known."""
    for row in iterate_rows(Session.objects.filter(user=person)):
        yield select_fields(row, SESSION_FIELDS)


def export_second_factors(person: User) -> Iterator[Row]:
    """Give the person's second factors, without what they are made of."""
    for row in iterate_rows(Authenticator.objects.filter(user=person)):
        yield select_fields(row, "id created_at confirmed_at")


def export_api_keys(person: User) -> Iterator[Row]:
    """Give the person's API keys, without anything of their text."""
    for row in iterate_rows(ApiKey.objects.filter(user=person)):
        yield select_fields(row, API_KEY_FIELDS)


def export_invitations(person: User) -> Iterator[Row]:
    """Give the invitations that the person sent."""
    for row in iterate_rows(Invitation.objects.filter(invited_by=person)):
        yield select_fields(row, INVITATION_FIELDS)


def export_email_links(person: User) -> Iterator[Row]:
    """Give the links that were mailed to the person."""
    for row in iterate_rows(MailLink.objects.filter(user=person)):
        yield select_fields(row, EMAIL_LINK_FIELDS)


def export_audit_events(person: User) -> Iterator[Row]:
    """Give what the person did, and what others did to them."""
    own = Q(actor_type="user", actor_id=str(person.pk))
    about = Q(target_type="user", target_id=str(person.pk))
    for event in iterate_rows(AuditEvent.objects.filter(own | about)):
        yield _redacted_event(event, person)


def _redacted_event(event: AuditEvent, person: User) -> Row:
    """Return an event as the person may see it: labels and addresses of others stay out."""
    myself = ("user", str(person.pk))
    mine = (event.actor_type, event.actor_id) == myself
    about_me = (event.target_type, event.target_id) == myself
    named = about_me or event.target_label == person.email or "@" not in event.target_label
    return {
        **select_fields(event, "id at action target_type target_id details request_id"),
        "actor": "you" if mine else event.actor_type,
        "ip": event.ip if mine else None,
        "user_agent": event.user_agent if mine else "",
        "target_label": event.target_label if named else "",
    }
