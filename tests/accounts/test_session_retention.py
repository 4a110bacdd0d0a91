"""Retention of sessions: old ones are deleted as new ones are opened."""

import uuid
from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from accounts.models import Session
from accounts.retention import prune
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.sessions import ME, open_another_session
from tests.support.factories import Agency


def make_old(agency: Agency, count: int, **ago: float) -> list[uuid.UUID]:
    """Add sessions that expired some time ago."""
    end = timezone.now() - timedelta(**ago)
    with tenant_context(agency.ref):
        user = Session.objects.select_related("user").first().user
        rows = [
            Session(user=user, token_hash=b"x", rotated_at=end, last_used_at=end, expires_at=end)
            for _ in range(count)
        ]
        return [made.id for made in Session.objects.bulk_create(rows)]


def test_log_in_marks_expired_and_deletes_old_sessions(agency: Agency):
    late = make_old(agency, 2, days=1)
    old = make_old(agency, 25, days=40)

    open_another_session(agency)

    with tenant_context(agency.ref):
        assert Session.objects.filter(pk__in=old).count() == 5
        marked = Session.objects.exclude(end_reason="")
        assert set(marked.values_list("end_reason", flat=True)) == {"expired"}
    for _ in range(2):
        open_another_session(agency)
    with tenant_context(agency.ref):
        assert not Session.objects.filter(pk__in=old).exists()
        assert Session.objects.filter(pk__in=late, end_reason="expired").count() == 2
        told = AuditEvent.objects.filter(action="sessions.ended", actor_type="system")
        named = {name for event in told for name in event.details["sessions"]}
    assert {str(pk) for pk in late} <= named


def test_pruning_uses_indexes(agency: Agency, superuser):
    """Both queries use an index, however many old rows there are."""
    with tenant_context(agency.ref):
        assert prune("sessions", timezone.now()) == 0
    names = superuser.execute(
        "SELECT indexname FROM pg_indexes WHERE schemaname = %s AND tablename = %s",
        [agency.ref.schema_name, "accounts_session"],
    ).fetchall()
    found = {name for (name,) in names}
    assert "session_not_ended" in found
    assert any("expires_at" in name for name in found)


def test_command_prunes_without_log_ins(agency: Agency):
    old = make_old(agency, 45, days=40)

    call_command("prune_sessions", verbosity=0)

    with tenant_context(agency.ref):
        assert not Session.objects.filter(pk__in=old).exists()
    assert agency.owner.at.get(ME).status_code == 200
