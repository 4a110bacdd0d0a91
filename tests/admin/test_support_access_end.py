"""The end of a support access: by time, owners, staff, the tenant's state, and under races."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from audit.services import SYSTEM, Actor
from core.db_backend.scope import PUBLIC, use_scope
from staff.models import StaffUser
from tenants.lifecycle import (
    cancel_deletion,
    resume_tenant,
    schedule_deletion,
    suspend_tenant,
)
from tenants.services import rotate_key
from tenants.support_access.models import SupportAccess
from tenants.support_access.services import Actors, end_access
from tests.support.browser import Browser, logged_in
from tests.support.concurrency import request_during
from tests.support.factories import Agency, add_member
from tests.support.http_client import Site
from tests.support.support_access import (
    RIGHTS,
    ask,
    can_read,
    decide,
    give_up,
    grant,
    public_steps,
    rows_of,
    staff_of,
    steps,
    support_path,
)

pytestmark = pytest.mark.usefixtures("fresh_limits")


@pytest.fixture
def support(staff_browser) -> Browser:
    return staff_browser(*RIGHTS)


@pytest.fixture
def access(support: Browser, owner: Browser, agency: Agency) -> SupportAccess:
    """An access that the owner has granted."""
    asked = ask(support, agency)
    grant(owner, asked)
    assert can_read(support, agency)
    return asked


def last_end(agency: Agency) -> str:
    """Return why the last access ended; both trails and the row must agree."""
    [row, *_] = rows_of(agency)
    action, _, reason = steps(agency)[-1]
    assert (action, reason) == ("support.ended", row.end_reason)
    assert public_steps(agency)[-1][0] == "support.ended"
    return str(row.end_reason)


def test_owner_ends_access_at_once(
    support: Browser, owner: Browser, agency: Agency, access: SupportAccess
) -> None:
    done = decide(owner, access, "end")

    assert done.headers["location"] == "/settings/support?notice=support_ended"
    assert not can_read(support, agency)
    assert last_end(agency) == "revoked"
    assert steps(agency)[-1][1] == agency.owner.email
    assert decide(owner, access, "end").status_code == 303  # again: nothing changes
    assert [s[0] for s in steps(agency)].count("support.ended") == 1
    assert decide(owner, access, "grant", hours="2").status_code == 409  # a replay
    assert not can_read(support, agency)


def test_time_ends_access(support: Browser, agency: Agency, access: SupportAccess) -> None:
    past = timezone.now() - timedelta(seconds=1)
    SupportAccess.objects.filter(pk=access.pk).update(
        granted_at=past - timedelta(hours=2), expires_at=past
    )

    assert not can_read(support, agency)
    call_command("end_support_access", verbosity=0)

    assert last_end(agency) == "expired"
    assert rows_of(agency)[0].ended_at == past
    assert steps(agency)[-1][1] == ""


def test_unanswered_request_cannot_be_granted(
    support: Browser, owner: Browser, agency: Agency
) -> None:
    asked = ask(support, agency)
    past = timezone.now() - timedelta(seconds=1)
    SupportAccess.objects.filter(pk=asked.pk).update(answer_by=past)

    assert decide(owner, asked, "grant", hours="2").status_code == 409
    assert "asks to see this workspace" not in owner.get("/").text
    ask(support, agency)

    assert [row.end_reason for row in rows_of(agency)] == ["", "unanswered"]


STOPS: dict[str, tuple[Callable, Callable]] = {
    "suspended": (
        lambda pk: suspend_tenant(pk, actor=SYSTEM),
        lambda pk: resume_tenant(pk, actor=SYSTEM),
    ),
    "scheduled": (
        lambda pk: schedule_deletion(pk, actor=SYSTEM),
        lambda pk: cancel_deletion(pk, actor=SYSTEM),
    ),
}


@pytest.mark.parametrize("state", STOPS)
def test_stopped_tenant_is_closed_to_support_for_good(
    support: Browser, agency: Agency, access: SupportAccess, state: str
) -> None:
    stop, resume = STOPS[state]

    stop(agency.ref.id)
    during = can_read(support, agency)
    sent = support.submit(support_path(agency), {"verb": "ask", "reason": "Again", "hours": "2"})
    resume(agency.ref.id)

    assert not during
    assert sent.status_code == 200
    assert not can_read(support, agency)
    assert last_end(agency) == "tenant_stopped"
    assert len(rows_of(agency)) == 1


def test_rotated_key_ends_access(support: Browser, agency: Agency, access: SupportAccess) -> None:
    rotate_key(agency.ref.id, actor=SYSTEM)

    assert not can_read(support, agency)
    assert last_end(agency) == "key_rotated"


def remove_permission(staff: StaffUser) -> None:
    staff.user_permissions.remove(Permission.objects.get(codename="add_supportaccess"))


def deactivate(staff: StaffUser) -> None:
    staff = StaffUser.objects.get(pk=staff.pk)
    staff.is_active = False
    staff.save()


def delete(staff: StaffUser) -> None:
    StaffUser.objects.get(pk=staff.pk).delete()


@pytest.mark.parametrize("change", [remove_permission, deactivate, delete])
def test_staff_user_without_role_loses_access(
    support: Browser, agency: Agency, access: SupportAccess, change: Callable
) -> None:
    change(staff_of(support))

    assert not can_read(support, agency)
    assert last_end(agency) == "staff_changed"


@pytest.mark.parametrize("change", ["left", "permission", "deleted"])
def test_role_that_is_taken_from_group_ends_access(
    staff_browser, owner: Browser, agency: Agency, change: str
) -> None:
    group = Group.objects.create(name=f"support {agency.slug}")
    group.permissions.set(Permission.objects.filter(codename__in=RIGHTS))
    browser = staff_browser("view_tenant")
    staff_of(browser).groups.add(group)
    grant(owner, ask(browser, agency))
    assert can_read(browser, agency)

    if change == "left":
        staff_of(browser).groups.clear()
    elif change == "permission":
        group.permissions.remove(Permission.objects.get(codename="add_supportaccess"))
    else:
        group.delete()

    assert not can_read(browser, agency)
    assert last_end(agency) == "staff_changed"
    Group.objects.filter(name=f"support {agency.slug}").delete()


def test_role_that_is_given_again_opens_nothing(
    support: Browser, agency: Agency, access: SupportAccess
) -> None:
    remove_permission(staff_of(support))
    staff_of(support).user_permissions.add(Permission.objects.get(codename="add_supportaccess"))

    assert not can_read(support, agency)


def test_change_of_another_staff_user_ends_nothing(
    staff_browser, support: Browser, agency: Agency, access: SupportAccess
) -> None:
    deactivate(staff_of(staff_browser(*RIGHTS)))

    assert can_read(support, agency)


def test_two_owners_decide_at_once_and_one_of_them_counts(
    site: Site, support: Browser, owner: Browser, agency: Agency
) -> None:
    second = logged_in(site, agency, add_member(agency, f"two@{agency.slug}.test", "owner"))
    for _ in range(4):
        asked = ask(support, agency)
        with ThreadPoolExecutor(2) as pool:
            granted = pool.submit(decide, owner, asked, "grant", hours="2")
            refused = pool.submit(decide, second, asked, "refuse")
            statuses = granted.result().status_code, refused.result().status_code

        row = SupportAccess.objects.get(pk=asked.pk)
        assert sorted(statuses) == [303, 409]
        assert (row.granted_at is not None) == (statuses[0] == 303) == can_read(support, agency)
        assert (row.end_reason == "refused") == (statuses[1] == 303)
        give_up(support, agency)


def test_grant_and_withdrawal_at_once_leave_no_access(
    support: Browser, owner: Browser, agency: Agency
) -> None:
    for _ in range(4):
        asked = ask(support, agency)
        with ThreadPoolExecutor(2) as pool:
            granted = pool.submit(decide, owner, asked, "grant", hours="2")
            withdrawn = pool.submit(give_up, support, agency)
            assert granted.result().status_code in {303, 409}
            assert withdrawn.result().status_code == 302

        assert SupportAccess.objects.get(pk=asked.pk).end_reason == "withdrawn"
        assert not can_read(support, agency)


def test_request_during_revocation_reads_nothing(
    support: Browser, agency: Agency, access: SupportAccess
) -> None:
    @contextmanager
    def revocation():
        with use_scope(PUBLIC), transaction.atomic():
            owner = Actor("user", agency.owner.id)
            end_access(
                access.pk,
                tenant_id=agency.ref.id,
                actors=Actors.same(owner),
                reason=SupportAccess.End.REVOKED,
            )
            yield

    page = request_during(revocation(), lambda: support.get(support_path(agency, "people")))

    assert page.status_code == 302
    assert "support.viewed" not in [s[0] for s in steps(agency)[-1:]]
    assert agency.owner.email not in page.text


def test_request_during_suspension_reads_nothing(
    support: Browser, agency: Agency, access: SupportAccess
) -> None:
    @contextmanager
    def suspension():
        with use_scope(PUBLIC), transaction.atomic():
            suspend_tenant(agency.ref.id, actor=SYSTEM)
            yield

    page = request_during(suspension(), lambda: support.get(support_path(agency, "people")))

    assert page.status_code == 302
    assert last_end(agency) == "tenant_stopped"
    resume_tenant(agency.ref.id, actor=SYSTEM)


def test_purged_tenant_takes_its_accesses_along(
    support: Browser, agency: Agency, access: SupportAccess
) -> None:
    tenant_id = agency.ref.id
    call_command("delete_tenant", agency.slug, "--now", "--yes", "--no-export", verbosity=0)

    assert not SupportAccess.objects.filter(tenant=tenant_id).exists()
    assert support.get(f"/admin/tenants/tenant/{tenant_id}/support/people/").status_code == 404
