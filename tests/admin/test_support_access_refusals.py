"""Support access: what is refused, forged or hostile."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.db_backend.scope import PUBLIC, use_scope
from tenants.support_access.models import SupportAccess
from tests.support.accounts.invitations import update_user_row
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file
from tests.support.support_access import (
    REASON,
    ask,
    decide,
    grant,
    rows_of,
    support_path,
)

pytestmark = pytest.mark.usefixtures("fresh_limits")

SECTIONS = ("people", "sessions", "files", "usage", "audit")
XSS = '"><img src=x onerror=alert(1)>'


@pytest.mark.parametrize(
    "fields",
    [
        {"hours": "0"},
        {"hours": "25"},
        {"hours": ""},
        {"hours": "1e3"},
        {"reason": ""},
        {"reason": "\u200b"},
        {"reason": "x" * 501},
    ],
)
def test_invalid_request_is_refused_with_its_field(
    support: Browser, agency: Agency, fields: dict[str, str]
) -> None:
    sent = {"verb": "ask", "reason": REASON, "hours": "2", **fields}

    answer = support.submit(support_path(agency), sent)

    assert answer.status_code == 200
    assert 'class="errorlist"' in answer.text
    assert rows_of(agency) == []


@pytest.mark.parametrize("hours", ["0", "25", "-1", "", "99999999999999999999"])
def test_invalid_hours_grant_nothing(
    support: Browser, owner: Browser, agency: Agency, hours: str
) -> None:
    access = ask(support, agency)

    assert decide(owner, access, "grant", hours=hours).status_code == 400
    assert rows_of(agency)[0].granted_at is None


def test_second_request_of_same_staff_user_is_refused(support: Browser, agency: Agency) -> None:
    ask(support, agency)

    sent = {"verb": "ask", "reason": REASON, "hours": "2"}
    answer = support.submit(support_path(agency), sent)

    assert "You have asked for access already." in answer.text
    assert len(rows_of(agency)) == 1


def test_staff_without_right_sees_and_asks_nothing(
    staff_browser, support: Browser, owner: Browser, agency: Agency
) -> None:
    grant(owner, ask(support, agency))
    viewer = staff_browser("view_tenant", "change_tenant")

    statuses = {
        viewer.get(support_path(agency, section)).status_code for section in ("", *SECTIONS)
    }

    assert statuses == {403}
    assert "Support access" not in viewer.get(f"/admin/tenants/tenant/{agency.ref.id}/change/").text
    assert "support/" in support.get(f"/admin/tenants/tenant/{agency.ref.id}/change/").text


def test_forged_decision_is_refused(support: Browser, owner: Browser, agency: Agency) -> None:
    access = ask(support, agency)
    path = f"/settings/support/{access.pk}/grant"
    sibling = {"Origin": "http://evil.aggios.localhost", "Sec-Fetch-Site": "same-site"}

    assert owner.post(path, {"hours": "2"}).status_code == 403
    assert owner.submit(path, {"hours": "2"}, headers=sibling).status_code == 403
    assert rows_of(agency)[0].granted_at is None


def test_hostile_texts_are_escaped(support: Browser, owner: Browser, agency: Agency) -> None:
    update_user_row(agency, agency.owner.email, first_name=XSS)
    made = add_file(agency.owner.at, "x.txt", b"x")
    name = f"{XSS.replace('/', '')}\u202egpj"  # U+202E reverses what follows
    renamed = agency.owner.at.patch(f"/api/files/{made['id']}", {"name": name})
    assert renamed.status_code == 200
    access = ask(support, agency, reason=XSS)

    pages = [owner.get("/settings/support"), owner.get(f"/settings/support/{access.pk}/grant")]
    grant(owner, access)
    shown = {name: support.get(support_path(agency, name)) for name in ("", *SECTIONS)}

    for page in (*pages, *shown.values()):
        assert page.status_code == 200
        assert "<img src=x" not in page.text
        assert "\u202e" not in page.text
    assert "_gpj" in shown["files"].text


def test_database_refuses_access_without_owner(support: Browser, agency: Agency) -> None:
    access, now = ask(support, agency), timezone.now()

    with pytest.raises(IntegrityError), use_scope(PUBLIC), transaction.atomic():
        later = now + timedelta(hours=1)
        SupportAccess.objects.filter(pk=access.pk).update(granted_at=now, expires_at=later)
