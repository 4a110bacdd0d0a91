"""A user who loses the role or the account while a page is open."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import Invitation
from audit.models import AuditEvent
from files.models import File, Upload
from tenants.context import tenant_context
from tests.support.browser import logged_in
from tests.support.factories import Agency, Person, add_member, create_agency
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site
from tests.support.pages.profiles import Profiles
from tests.support.pages.steps import log_in
from tests.support.pages.visitors import Visitor

pytestmark = [pytest.mark.nightly, pytest.mark.usefixtures("fresh_limits")]

Open = Callable[[str], Visitor]
ENDED = "Your log-in was ended from another device, or by an administrator."


@pytest.fixture(scope="module")
def shared_agency(site: Site) -> Agency:
    """The agency of all tests here, with a file of its owner."""
    agency = create_agency(site, "lost-rights")
    add_file(agency.owner.at, "offer.txt")
    return agency


@pytest.fixture
def admin(shared_agency: Agency, request: pytest.FixtureRequest) -> Person:
    """An administrator of this test."""
    return add_member(shared_agency, f"{request.node.name[:40]}@lost.test", "admin")


@pytest.fixture
def open_as_admin(page_of: Profiles, site: Site, shared_agency: Agency, admin: Person) -> Open:
    """Open a page in the administrator's browser."""

    def open_page(path: str) -> Visitor:
        browser = logged_in(site, shared_agency, admin)
        visitor = Visitor.at(page_of, shared_agency.host, cookies_of=browser)
        visitor.page.goto(path)
        return visitor

    return open_page


@pytest.fixture
def owner_at(page_of: Profiles, site: Site, shared_agency: Agency, admin: Person) -> Visitor:
    """The owner, who looks at the administrator's page."""
    browser = logged_in(site, shared_agency)
    visitor = Visitor.at(page_of, shared_agency.host, cookies_of=browser)
    visitor.page.goto(f"/people/{admin.id}")
    return visitor


def demote(owner: Visitor) -> None:
    """Make the administrator a member."""
    owner.press("link", "Change : Role")
    owner.find("radio", "Member").check()
    owner.press("button", "Save")
    owner.sees("The role is changed. It counts from the next request of that person on.")


def deactivate(owner: Visitor) -> None:
    """Deactivate the administrator."""
    owner.press("link", "Deactivate")
    owner.press("button", "Deactivate")
    owner.sees("Deactivated. All sessions of that person have ended.")


def test_invitation_of_a_demoted_administrator_is_refused(
    open_as_admin: Open, owner_at: Visitor, shared_agency: Agency, admin: Person
):
    visitor = open_as_admin("/people/invite")
    visitor.fill("E-mail address", "friend@lost.test")
    demote(owner_at)

    visitor.press("button", "Send the invitation")

    visitor.sees_heading("You may not do this.")
    visitor.sees("Ask an owner or an administrator of the workspace if you need it.")
    with tenant_context(shared_agency.ref):
        assert not Invitation.objects.exists()
        assert not AuditEvent.objects.filter(action="invitation.created").exists()
    visitor.press("link", "To the start page")
    visitor.sees_heading("Hello, Ben")
    assert visitor.find("link", "People").count() == 0


def test_rename_in_the_list_of_a_demoted_administrator_is_refused(
    open_as_admin: Open, owner_at: Visitor, shared_agency: Agency, allowed_faults: list[str]
):
    allowed_faults.append("status of 404")
    visitor = open_as_admin("/files")
    visitor.press("menu", "Actions for offer.txt")
    visitor.press("link", "Rename")
    demote(owner_at)

    field = visitor.page.get_by_role("textbox", name="Rename")
    field.fill("mine.txt")
    field.press("Enter")

    visitor.sees("It is not here any more, or you may no longer see it.")
    with tenant_context(shared_agency.ref):
        assert [file.name for file in File.objects.all()] == ["offer.txt"]
        assert not AuditEvent.objects.filter(action="file.renamed").exists()


def test_settings_of_a_deactivated_administrator_are_not_saved(
    open_as_admin: Open, owner_at: Visitor, shared_agency: Agency, admin: Person
):
    visitor = open_as_admin("/settings")
    visitor.fill("Name of the workspace", "Taken over")
    deactivate(owner_at)

    visitor.press("button", "Save")

    visitor.sees(ENDED)
    log_in(visitor, admin.email)
    visitor.sees("The e-mail address or the password is wrong.")
    assert shared_agency.ref.name != "Taken over"
    with tenant_context(shared_agency.ref):
        assert not AuditEvent.objects.filter(action="tenant.renamed").exists()


def test_upload_of_a_deactivated_person_fails_in_the_queue(
    open_as_admin: Open,
    owner_at: Visitor,
    shared_agency: Agency,
    tmp_path: Path,
    allowed_faults: list[str],
):
    allowed_faults.append("status of 401")
    file = tmp_path / "late.txt"
    file.write_bytes(b"too late")
    visitor = open_as_admin("/files")
    visitor.press("menu", "Upload")
    deactivate(owner_at)

    visitor.choose_file("Files…", file)

    visitor.sees_exactly("Failed: You are not logged in any more. Load this page again.")
    with tenant_context(shared_agency.ref):
        assert not File.objects.filter(name=file.name).exists()
        assert not Upload.objects.filter(name=file.name).exists()
    visitor.press("link", "Files")
    visitor.sees(ENDED)
