"""Staff tokens: where they are valid, and every way in which they end."""

import secrets
import zlib
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.services import SYSTEM
from staff.models import StaffToken
from staff.tokens import PRUNE_BATCH_SIZE, authenticate_token, issue_token
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Host, Site
from tests.support.staff import log_in_to_admin
from tests.support.staff_audit import assert_recorded

TENANTS = "/api/tenants"
HOUR = timedelta(hours=1)


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize(
    "path", ["/api/users/me", "/api/files", "/api/auth/logout-all", "/api/tenants"]
)
def test_token_on_tenant_host_is_refused(acme: Agency, staff_superuser: Host, path: str) -> None:
    method = "POST" if "logout" in path else "GET"

    answer = acme.host.with_token(staff_superuser.token).request(method, path)

    expected = (404, "not_found") if path == TENANTS else (401, "token_invalid")
    assert code(answer) == expected


@pytest.mark.parametrize("path", ["/api/users/me", "/api/files"])
def test_token_on_tenant_routes_of_api_host_is_refused(
    site: Site, staff_superuser: Host, path: str
) -> None:
    assert code(site.host("api").with_token(staff_superuser.token).get(path)) == (
        401,
        "token_invalid",
    )


def test_tenant_token_is_refused_by_staff_api(site: Site, acme: Agency) -> None:
    for token in (acme.owner.access_token, acme.owner.refresh_token):
        for label in ("", "www", "api", "admin"):
            answer = site.host(label).with_token(token).get(TENANTS)
            assert code(answer) == (401, "token_invalid"), label


def test_admin_cookie_is_refused(site: Site, new_staff) -> None:
    staff, browser = new_staff(is_superuser=True), Browser(site, "admin")
    assert log_in_to_admin(browser, staff.email).status_code == 302

    read, write = browser.get(TENANTS), browser.post(TENANTS, {"name": "A", "subdomain": "aa"})

    assert code(read) == (401, "not_authenticated")
    assert code(write) == (401, "not_authenticated")


def forged() -> list[str]:
    body = secrets.token_hex(32)
    good = f"ags_{body}{zlib.crc32(body.encode()):08x}"
    return [good, good[:-1] + "0g", good.upper(), "ags_", f"ags_{body}", good + "\n", "ags_" * 999]


@pytest.mark.parametrize("number", range(7))
def test_forged_token_is_refused(site: Site, number: int) -> None:
    answer = site.host().with_token(forged()[number].strip()).get(TENANTS)

    assert code(answer) == (401, "token_invalid")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_log_out_revokes_only_its_token(staff_at, new_staff) -> None:
    staff = new_staff("view_tenant")
    here, there = staff_at(staff=staff), staff_at(staff=staff)

    answer = here.post("/api/auth/logout")

    assert (answer.status_code, answer.content) == (204, b"")
    assert code(here.get(TENANTS)) == (401, "token_invalid")
    assert code(here.post("/api/auth/logout")) == (401, "token_invalid")
    assert there.get(TENANTS).status_code == 200
    assert_recorded("staff.token_revoked", by=staff)


def deactivate(staff) -> None:
    staff.is_active = False
    staff.save()


def change_password(staff) -> None:
    staff.set_password("quite another battery")
    staff.save()


def take_the_password_away(staff) -> None:
    staff.set_unusable_password()
    staff.save()


@pytest.mark.parametrize(
    "end",
    [
        deactivate,
        change_password,
        take_the_password_away,
        lambda staff: type(staff).objects.filter(pk=staff.pk).update(is_active=False),
        lambda staff: staff.delete(),
    ],
)
def test_token_ends_with_password_or_account(staff_at, new_staff, end) -> None:
    staff = new_staff("view_tenant")
    host = staff_at(staff=staff)
    assert host.get(TENANTS).status_code == 200
    staff.refresh_from_db()

    end(staff)

    assert code(host.get(TENANTS)) == (401, "token_invalid")


def test_reactivated_user_does_not_regain_tokens(staff_at, new_staff) -> None:
    staff = new_staff("view_tenant")
    host = staff_at(staff=staff)
    deactivate(staff)
    staff.is_active = True
    staff.save()

    assert code(host.get(TENANTS)) == (401, "token_invalid")


def test_rehash_of_same_password_keeps_tokens(staff_at, new_staff, settings) -> None:
    staff = new_staff("view_tenant")
    host = staff_at(staff=staff)
    staff.refresh_from_db()
    settings.PASSWORD_PEPPERS = f"9:{'n' * 60},{settings.PASSWORD_PEPPERS}"
    before = staff.password

    assert staff.check_password("correct horse battery staple")

    staff.refresh_from_db()
    assert staff.password != before
    assert host.get(TENANTS).status_code == 200


def test_expired_token_is_refused(site: Site, new_staff) -> None:
    issued = issue_token(new_staff("view_tenant"), lifetime=-HOUR, actor=SYSTEM)

    answer = site.host().with_token(issued.text).get(TENANTS)

    assert code(answer) == (401, "token_expired")


def test_removed_permission_applies_at_once(staff_at, new_staff) -> None:
    staff = new_staff("view_tenant")
    host = staff_at(staff=staff)
    assert host.get(TENANTS).status_code == 200

    staff.user_permissions.clear()

    assert code(host.get(TENANTS)) == (403, "permission_denied")


def test_last_use_is_stored_once_a_minute(new_staff) -> None:
    issued = issue_token(new_staff(), lifetime=HOUR, actor=SYSTEM)

    authenticate_token(issued.text)
    first = StaffToken.objects.get(pk=issued.row.pk).last_used_at
    authenticate_token(issued.text)
    second = StaffToken.objects.get(pk=issued.row.pk).last_used_at
    StaffToken.objects.filter(pk=issued.row.pk).update(last_used_at=timezone.now() - HOUR)
    authenticate_token(issued.text)

    assert first is not None
    assert first == second
    assert StaffToken.objects.get(pk=issued.row.pk).last_used_at > first


def test_old_tokens_are_pruned(new_staff) -> None:
    staff = new_staff()
    for _ in range(PRUNE_BATCH_SIZE + 1):
        issue_token(staff, lifetime=HOUR, actor=SYSTEM)
    StaffToken.objects.filter(staff=staff).update(expires_at=timezone.now() - timedelta(days=31))

    for _ in range(3):
        issue_token(staff, lifetime=HOUR, actor=SYSTEM)

    assert StaffToken.objects.filter(staff=staff).count() == 3
