"""Assertions about the platform's audit trail."""

from audit.models import AuditEvent
from staff.models import StaffUser


def last_event(action: str, **match: str) -> AuditEvent:
    """Return the newest event with this action; fail if there is none."""
    event = AuditEvent.objects.filter(action=action, **match).first()
    assert event is not None, f"no {action} in the trail"
    return event


def assert_recorded(action: str, *, by: StaffUser, **match: str) -> AuditEvent:
    """Assert that ``by`` did this in a request from a real address; return the event."""
    event = last_event(action, actor_id=str(by.pk), **match)
    assert (event.actor_type, event.actor_label) == ("staff", by.email)
    assert event.ip == "127.0.0.1"
    assert event.request_id
    return event
