"""The audit trail of a workspace as a page: pages, links, and the state of the chain."""

import re
import uuid
from html import unescape

import psycopg
import pytest

from accounts.models import User
from audit.models import AuditEvent, AuditLink
from audit.services import Actor, Target, record
from tenants.context import TenantRef, tenant_context
from tests.support.browser import Browser, logged_in
from tests.support.commands import run_command
from tests.support.factories import Agency, add_member
from tests.support.files.form_uploads import add_file
from tests.support.files.shares import create_share
from tests.support.http_client import Site

pytestmark = pytest.mark.usefixtures("fresh_limits")

ROW = re.compile(r"<tr>\s*<td[^>]*><time.*?</tr>", re.S)
NUMBERS = re.compile(r"<dt>number</dt><dd>(\d+)</dd>")
AUDIT = "/audit?action=test.done"


@pytest.fixture
def agency(new_agency) -> Agency:
    return new_agency()


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return logged_in(site, agency)


def add_events(agency: Agency, *numbers: int, target: Target | None = None) -> None:
    """Record events, each with its number; together they have one time."""
    actor = Actor("user", agency.owner.id, agency.owner.email)
    with tenant_context(agency.ref):
        for number in numbers:
            record("test.done", actor=actor, target=target, number=number)


def neighbour(page: str, relation: str) -> str:
    found = re.search(rf'href="(\?[^"]+)" rel="{relation}"', page)
    return f"/audit{unescape(found[1])}" if found else ""


def numbers_of(page: str) -> list[int]:
    return [int(number) for number in NUMBERS.findall(page)]


def test_pages_have_every_event_once_while_events_are_added(agency: Agency, browser: Browser):
    add_events(agency, *range(120))
    pages = [browser.get(AUDIT).text]
    add_events(agency, 200, 201)  # offsets would now show events of the first page again

    while path := neighbour(pages[-1], "next"):
        pages.append(browser.get(path).text)

    assert [len(numbers_of(page)) for page in pages] == [50, 50, 20]
    shown = [number for page in pages for number in numbers_of(page)]
    assert shown == list(range(119, -1, -1))
    back = browser.get(neighbour(pages[-1], "prev")).text
    assert numbers_of(back) == numbers_of(pages[1])
    assert "action=test.done" in neighbour(back, "next")


def test_export_of_a_later_page_has_all_events_of_the_filter(agency: Agency, browser: Browser):
    add_events(agency, *range(3))
    second = browser.get(neighbour(browser.get(f"{AUDIT}&limit=2").text, "next")).text
    export = re.search(r'href="(/audit\.jsonl\?[^"]*)"', second)

    assert numbers_of(second) == [0]
    assert export
    assert len(browser.get(unescape(export[1])).text.splitlines()) == 3


@pytest.mark.parametrize("query", ["cursor=x", "cursor=W10", "limit=0", "limit=201", "limit=x"])
def test_invalid_page_is_refused(browser: Browser, query: str):
    assert browser.get(f"/audit?{query}").status_code == 400


def test_people_files_and_links_of_events_are_linked(agency: Agency, browser: Browser):
    member = add_member(agency, "linked@audit.test")
    file = add_file(agency.owner.at, "kept.txt")["id"]
    share = create_share(agency.owner.at, file)
    assert member.at.patch("/api/users/me", {"first_name": "Lin"}).status_code == 200

    page = browser.get("/audit").text

    for url in (f"/people/{member.id}", f"/files/{file}", f"/links?link={share['id']}"):
        assert f'<a href="{url}">' in page
        assert browser.get(url).status_code == 200


def test_what_is_gone_or_of_another_tenant_is_not_linked(
    site: Site, agency: Agency, globex: Agency, browser: Browser
):
    member = add_member(agency, "removed@audit.test")
    trashed = add_file(agency.owner.at, "trashed.txt")["id"]
    theirs = add_file(globex.owner.at, "theirs.txt")["id"]
    add_events(agency, 1, target=Target("file", theirs, "theirs.txt"))
    add_events(agency, 2, target=Target("user", globex.owner.id, "boss@globex.test"))
    add_events(agency, 3, target=Target("user", "' OR 1=1 --", "no id"))
    add_events(agency, 4, target=Target("share", str(uuid.uuid4()), "no share"))
    assert agency.owner.at.delete(f"/api/files/{trashed}").status_code == 204
    assert agency.owner.at.delete(f"/api/users/{member.id}").status_code == 204

    page = browser.get("/audit").text

    with tenant_context(agency.ref):
        assert User.objects.get(pk=member.id).removed_at is not None
    assert "theirs.txt" in page
    for url in (f"/files/{trashed}", f"/files/{theirs}", f"/people/{member.id}", "/links?link="):
        assert f'href="{url}' not in page
    assert f'href="/people/{globex.owner.id}"' not in page
    assert len(ROW.findall(page)) == page.count("<summary>Show</summary>")


def chain_text(page: str) -> str:
    return page.partition('aria-labelledby="chain-title"')[2].partition("</section>")[0]


def last_link(ref: TenantRef) -> AuditLink:
    with tenant_context(ref):
        return AuditLink.objects.order_by("-sequence").first()


def test_chain_that_was_never_verified_shows_its_last_event(agency: Agency, browser: Browser):
    text = chain_text(browser.get("/audit").text)

    last = last_link(agency.ref)
    assert "Never verified" in text
    assert f"<dd>{last.sequence}</dd>" in text
    assert bytes(last.hash).hex() in text
    assert "/docs/operations#audit-trails" in text


def test_verified_chain_shows_when_and_what_was_added_since(agency: Agency, browser: Browser):
    number = last_link(agency.ref).sequence
    run_command("verify_audit", "--tenant", agency.slug)
    add_events(agency, 1, 2)

    text = chain_text(browser.get("/audit").text)

    assert f"Unchanged up to event {number} at the last verification." in text
    assert "2 events were added since." in text
    assert "Last verification" in text


@pytest.mark.parametrize("damage", ["SET hash = sha256(hash) WHERE", "SET sequence = -1 WHERE"])
def test_chain_without_its_verified_event_is_shown_as_broken(
    agency: Agency, browser: Browser, superuser: psycopg.Connection, damage: str
):
    number = last_link(agency.ref).sequence
    run_command("verify_audit", "--tenant", agency.slug)
    with superuser.transaction():
        superuser.execute("SET LOCAL session_replication_role = replica")  # no triggers
        superuser.execute(
            f"UPDATE {agency.ref.schema_name}.audit_auditlink {damage} sequence = %s", [number]
        )

    text = chain_text(browser.get("/audit").text)

    assert "Broken" in text
    assert f"Event {number} is no longer" in text
    assert "Unchanged up to" not in text


def test_target_without_a_label_is_shown_by_its_id(agency: Agency, browser: Browser):
    with tenant_context(agency.ref):
        record("test.done", actor=Actor("system"), target=Target("file", str(uuid.uuid4())))
        event = AuditEvent.objects.get(action="test.done")

    assert event.target_id in browser.get(AUDIT).text
