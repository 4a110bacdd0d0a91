"""Changes of people on pages: results, conflicts, demotion in the meantime, races."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.utils import timezone

from accounts.models import Authenticator, Session
from tenants.context import tenant_context
from tests.support.accounts.users import (
    active_owners,
    audit_actions,
    insert_user_row,
    user_row,
    user_with_session,
)
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site
from tests.support.mailbox import Mailbox
from tests.support.page_forms import browser_of, send, submit

DONE = [
    ("name", {"first_name": "Nova", "last_name": "Ana"}, ["user.updated"]),
    ("role", {"role": "admin"}, ["user.role_changed"]),
    ("address", {"email": "Nova@People.test"}, ["user.address_changed"]),
    ("end-sessions", {}, ["sessions.ended"]),
    ("deactivate", {}, ["sessions.ended", "user.deactivated"]),
    ("remove", {}, ["user.removed"]),
]
VERSIONED = ["name", "role", "address", "deactivate", "remove"]
FIELDS = {name: fields for name, fields, _ in DONE}


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return browser_of(site, agency, agency.owner)


@pytest.mark.parametrize(("name", "fields", "events"), DONE)
def test_change_is_done_and_recorded(
    agency: Agency, browser: Browser, name: str, fields: dict, events: list[str]
):
    one = user_with_session(agency)

    done = submit(browser, f"/people/{one.id}/{name}", fields)

    assert done.status_code == 303, done.text
    assert 'role="status"' in browser.follow(done).text
    assert sorted(audit_actions(agency, one.id)) == events
    row = user_row(agency, one.id)
    shown = {
        "name": (row.first_name, row.last_name) == ("Nova", "Ana"),
        "role": row.role == "admin",
        "address": row.email == "nova@people.test",
        "end-sessions": not _has_session(agency, one.id),
        "deactivate": not row.is_active and not _has_session(agency, one.id),
        "remove": row.removed_at is not None,
    }
    assert shown[name]


def _has_session(agency: Agency, user_id: str) -> bool:
    with tenant_context(agency.ref):
        return Session.objects.filter(user_id=user_id, ended_at=None).exists()


def test_reactivation_is_done(agency: Agency, browser: Browser):
    user_id = insert_user_row(agency, is_active=False)

    done = submit(browser, f"/people/{user_id}/reactivate")

    assert done.headers["location"] == f"/people/{user_id}?notice=reactivated"
    assert user_row(agency, user_id).is_active


def test_second_factor_is_reset_and_its_user_is_told(agency: Agency, browser: Browser):
    user_id = insert_user_row(agency, second_factor_at=timezone.now())
    with tenant_context(agency.ref):
        Authenticator.objects.create(
            user_id=user_id, sealed_secret="x", confirmed_at=timezone.now()
        )

    done = submit(browser, f"/people/{user_id}/reset-second-factor")

    assert done.headers["location"] == f"/people/{user_id}?notice=factor_reset"
    assert user_row(agency, user_id).second_factor_at is None
    with tenant_context(agency.ref):
        assert not Authenticator.objects.filter(user_id=user_id).exists()


def test_removal_says_what_happens_to_files_and_keeps_them(agency: Agency, browser: Browser):
    one = user_with_session(agency)
    add_file(one.at, "plan.txt")

    page = browser.get(f"/people/{one.id}/remove")
    send(browser, page, f"/people/{one.id}/remove")

    assert "1 file of this person stays in the workspace" in page.text
    assert len(agency.owner.at.get("/api/files").json()["results"]) == 1
    assert browser.get(f"/people/{one.id}").status_code == 404


def test_erasure_needs_the_address(agency: Agency, browser: Browser):
    user_id = insert_user_row(agency, email="erase.me@people.test")
    path = f"/people/{user_id}/erase"

    wrong = submit(browser, path, {"address": "other@people.test"})
    assert user_row(agency, user_id).removed_at is None
    done = submit(browser, path, {"address": " Erase.Me@people.test "})

    assert wrong.status_code == 400
    assert done.headers["location"] == "/people?notice=erased"
    assert user_row(agency, user_id).removed_at is not None
    assert audit_actions(agency, user_id) == ["person.erased"]


@pytest.mark.parametrize("name", VERSIONED)
def test_person_changed_since_the_page_is_a_conflict(agency: Agency, browser: Browser, name: str):
    user_id = insert_user_row(agency, first_name="Old")
    path = f"/people/{user_id}/{name}"
    page = browser.get(path)
    agency.owner.at.patch(f"/api/users/{user_id}", {"last_name": "Later"})

    refused = send(browser, page, path, FIELDS[name])

    assert refused.status_code == 412
    assert "This has been changed since you opened the page." in refused.text
    row = user_row(agency, user_id)
    assert (row.first_name, row.role, row.is_active, row.removed_at) == (
        "Old",
        "member",
        True,
        None,
    )
    again = send(browser, refused, path, FIELDS[name])
    assert again.status_code == 303, again.text


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_administrator_who_is_demoted_while_the_page_is_open_is_refused(
    site: Site, agency: Agency, name: str
):
    admin, subject = user_with_session(agency, "admin"), insert_user_row(agency)
    browser = browser_of(site, agency, admin)
    path = f"/people/{subject}/{name}"
    page = browser.get(path)
    assert page.status_code == 200
    agency.owner.at.patch(f"/api/users/{admin.id}", {"role": "member"})

    refused = send(browser, page, path, FIELDS[name])

    assert refused.status_code == 403
    assert refused.headers["content-type"].startswith("text/html")
    assert audit_actions(agency, subject) == []
    assert browser.get("/me").status_code == 200


def test_subject_who_became_owner_since_is_out_of_reach(site: Site, agency: Agency):
    admin, subject = user_with_session(agency, "admin"), insert_user_row(agency)
    browser = browser_of(site, agency, admin)
    page = browser.get(f"/people/{subject}/remove")
    agency.owner.at.patch(f"/api/users/{subject}", {"role": "owner"})

    refused = send(browser, page, f"/people/{subject}/remove")

    assert refused.status_code == 403
    assert user_row(agency, subject).removed_at is None


def test_taken_address_is_said_at_its_field(agency: Agency, browser: Browser):
    user_id, other = insert_user_row(agency), insert_user_row(agency)

    refused = submit(
        browser, f"/people/{user_id}/address", {"email": user_row(agency, other).email}
    )

    assert refused.status_code == 409
    assert 'id="id_email_error"' in refused.text


@pytest.mark.parametrize("email", ["", "x", "a@b", "ана@people.test", "x" * 300 + "@people.test"])
def test_invalid_address_is_said_at_its_field(agency: Agency, browser: Browser, email: str):
    user_id = insert_user_row(agency)

    refused = submit(browser, f"/people/{user_id}/address", {"email": email})

    assert refused.status_code == 400
    assert 'id="id_email_error"' in refused.text
    assert audit_actions(agency, user_id) == []


def test_unknown_role_is_refused(agency: Agency, browser: Browser):
    user_id = insert_user_row(agency)

    assert submit(browser, f"/people/{user_id}/role", {"role": "king"}).status_code == 400
    assert user_row(agency, user_id).role == "member"


def test_administrator_cannot_make_an_owner(site: Site, agency: Agency):
    admin, user_id = user_with_session(agency, "admin"), insert_user_row(agency)
    browser = browser_of(site, agency, admin)

    refused = submit(browser, f"/people/{user_id}/role", {"role": "owner"})

    assert refused.status_code == 400
    assert user_row(agency, user_id).role == "member"


@pytest.mark.parametrize("name", ["role", "address", "erase"])
def test_old_log_in_leads_to_the_reauthentication_and_back(site: Site, agency: Agency, name: str):
    owner = user_with_session(agency, "owner", proved_days_ago=1)
    path = f"/people/{insert_user_row(agency)}/{name}"

    asked = browser_of(site, agency, owner).get(path)

    assert asked.status_code == 303
    assert asked.headers["location"] == f"/reauthenticate?next={path.replace('/', '%2F')}"


def test_member_is_deactivated_without_reauthentication(site: Site, agency: Agency):
    owner = user_with_session(agency, "owner", proved_days_ago=1)
    user_id = insert_user_row(agency)

    done = submit(browser_of(site, agency, owner), f"/people/{user_id}/deactivate")

    assert done.status_code == 303
    assert not user_row(agency, user_id).is_active


def at_once(*requests: Callable[[], httpx.Response]) -> list[int]:
    with ThreadPoolExecutor(len(requests)) as pool:
        return sorted(
            future.result().status_code for future in [pool.submit(one) for one in requests]
        )


def test_two_administrators_with_the_same_page_change_a_person_once(site: Site, agency: Agency):
    user_id = insert_user_row(agency)
    browsers = [browser_of(site, agency, user_with_session(agency, "admin")) for _ in range(2)]
    path = f"/people/{user_id}/name"
    pages = [browser.get(path) for browser in browsers]

    statuses = at_once(
        *(
            lambda b=browser, p=page, n=name: send(b, p, path, {"first_name": n})
            for browser, page, name in zip(browsers, pages, ("One", "Two"), strict=True)
        )
    )

    assert statuses == [303, 412]
    assert audit_actions(agency, user_id) == ["user.updated"]


@pytest.mark.parametrize("way", ["role", "leave"])
def test_two_owners_who_go_at_once_leave_one(site: Site, agency: Agency, way: str):
    other = user_with_session(agency, "owner")
    owners = (agency.owner, other)
    browsers = [browser_of(site, agency, one) for one in owners]
    paths = [f"/people/{one.id}/role" if way == "role" else "/me/leave" for one in owners]
    pages = [browser.get(path) for browser, path in zip(browsers, paths, strict=True)]

    statuses = at_once(
        *(
            lambda b=b, page=page, path=path: send(b, page, path, {"role": "member"})
            for b, page, path in zip(browsers, pages, paths, strict=True)
        )
    )

    # 403: the second request began after the first, so the page no longer offers the change.
    assert statuses in ([303, 409], [303, 403])
    assert len(active_owners(agency)) == 1


def test_export_of_a_person_is_a_recorded_file(agency: Agency, browser: Browser):
    user_id = insert_user_row(agency, first_name="Exported")

    sent = submit(browser, f"/people/{user_id}/export")

    assert sent.status_code == 200
    assert sent.headers["content-disposition"] == (
        f'attachment; filename="personal-data-{user_id}.json"'
    )
    assert sent.json()["profile"]["first_name"] == "Exported"
    assert "no-store" in sent.headers["cache-control"]
    assert audit_actions(agency, user_id) == ["user.exported"]


def test_role_page_shows_only_roles_that_may_be_given(site: Site, agency: Agency):
    user_id = insert_user_row(agency)
    admin = browser_of(site, agency, user_with_session(agency, "admin"))
    owner = browser_of(site, agency, agency.owner)
    path = f"/people/{user_id}/role"

    assert 'value="owner"' not in admin.get(path).text
    assert 'value="owner"' in owner.get(path).text


def test_former_address_is_told(agency: Agency, browser: Browser, mailbox: Mailbox):
    user_id = insert_user_row(agency)
    former = user_row(agency, user_id).email

    submit(browser, f"/people/{user_id}/address", {"email": "moved@people.test"})

    assert "moved@people.test" not in mailbox.wait_for(former).text
