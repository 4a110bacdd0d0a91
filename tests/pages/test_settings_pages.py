"""Pages of the settings: who may open them, what they change, and what they show."""

import csv
import json
import re
import time
from urllib.parse import urlsplit

import pytest

from accounts.models import ApiKey, User
from audit.models import AuditEvent
from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import tenant_context
from tenants.models import RequestCount
from tenants.usage_history import save_day
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency, add_member
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site

pytestmark = pytest.mark.usefixtures("fresh_limits")

VERSION = re.compile(r'name="version" value="([^"]+)"')
PAGES = {
    "/settings": "admin",
    "/settings/sign-in": "admin",
    "/settings/domains": "admin",
    "/settings/keys": "admin",
    "/settings/keys/new": "admin",
    "/settings/usage": "admin",
    "/audit": "admin",
    "/audit.csv": "admin",
    "/settings/ownership": "owner",
    "/settings/delete": "owner",
}
RANKS = {"member": 0, "admin": 1, "owner": 2}
XSS = '"><img src=x onerror=alert(1)>'


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return logged_in(site, agency)


def version_of(browser: Browser, path: str) -> str:
    found = VERSION.search(browser.get(path).text)
    assert found
    return found[1].replace("&quot;", '"')


def general(browser: Browser, **fields: str) -> dict[str, str]:
    return {
        "version": version_of(browser, "/settings"),
        "name": "Acme",
        "registration": "closed",
        "sharing": "on",
        "language": "",
        "time_zone": "",
        **fields,
    }


@pytest.mark.parametrize("role", RANKS)
def test_page_is_open_to_its_roles_only(site: Site, agency: Agency, role: str):
    person = agency.owner if role == "owner" else add_member(agency, f"{role}@s.test", role)
    browser = logged_in(site, agency, person)

    statuses = {path: browser.get(path).status_code for path in PAGES}

    allowed = {path: RANKS[role] >= RANKS[least] for path, least in PAGES.items()}
    assert statuses == {path: 200 if allowed[path] else 403 for path in PAGES}


def test_general_settings_are_changed_and_audited(agency: Agency, browser: Browser):
    fields = general(browser, name="Ácme & Sons", language="pt-br", time_zone="America/Sao_Paulo")

    done = browser.submit("/settings", fields)

    assert done.headers["location"] == "/settings?notice=saved", done.text
    assert (agency.ref.name, dict(agency.ref.settings)["language"]) == ("Ácme & Sons", "pt-br")
    with tenant_context(agency.ref):
        event = AuditEvent.objects.get(action="tenant.updated")
    assert event.actor_id == agency.owner.id
    assert "Ácme &amp; Sons" in browser.get("/settings").text


def test_change_of_another_person_is_not_overwritten(agency: Agency, browser: Browser):
    fields = general(browser, name="Mine")
    assert agency.owner.at.patch("/api/tenant", {"name": "Theirs"}).status_code == 200

    answer = browser.submit("/settings", fields)

    assert (answer.status_code, agency.ref.name) == (412, "Theirs")
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "x" * 500},
        {"name": "a\u202eb"},
        {"registration": "anything"},
        {"time_zone": "../../etc/passwd"},
        {"language": "xx"},
    ],
    ids=str,
)
def test_invalid_settings_change_nothing(agency: Agency, browser: Browser, fields: dict):
    before = agency.ref

    answer = browser.submit("/settings", general(browser, **fields))

    assert answer.status_code == 400
    assert agency.ref == before


def test_administrator_cannot_change_rules_of_owners(site: Site, agency: Agency):
    browser = logged_in(site, agency, add_member(agency, "adm@s.test", "admin"))
    page = browser.get("/settings/sign-in").text
    assert 'name="second_factor_roles"' not in page

    done = browser.submit(
        "/settings/sign-in",
        {
            "version": version_of(browser, "/settings/sign-in"),
            "session_idle_seconds": "3600",
            "session_absolute_seconds": "86400",
            "sessions_per_user": "5",
            "invitation_seconds": "86400",
            "second_factor_roles": "member",
            "email_verification": "required",
        },
    )

    assert done.status_code == 303, done.text
    stored = dict(agency.ref.settings)
    assert (stored["session_idle_seconds"], stored["sessions_per_user"]) == (3600, 5)
    assert "second_factor_roles" not in stored
    assert "email_verification" not in stored


def test_key_is_shown_once_works_and_is_revoked(agency: Agency, browser: Browser):
    made = browser.submit(
        "/settings/keys/new", {"name": XSS, "scopes": ["files:read", "me:read"], "days": "30"}
    )
    assert made.status_code == 400  # there is no such scope
    made = browser.submit("/settings/keys/new", {"name": XSS, "scopes": "files:read", "days": "30"})
    text = re.search(r'id="issued-key" value="(ak_[^"]+)"', made.text)

    assert text
    assert agency.host.with_token(text[1]).get("/api/files").status_code == 200
    listed = browser.get("/settings/keys").text
    assert text[1] not in listed
    assert "<img src=x" not in listed + made.text
    with tenant_context(agency.ref):
        key = ApiKey.objects.get()
    done = browser.submit(f"/settings/keys/{key.pk}/revoke", {})
    assert done.headers["location"] == "/settings/keys?notice=key_revoked"
    assert agency.host.with_token(text[1]).get("/api/files").status_code == 401


def test_domain_is_claimed_shown_with_its_record_checked_and_removed(
    agency: Agency, browser: Browser
):
    done = browser.submit("/settings/domains", {"domain": f"files.{agency.slug}.example"})
    assert done.status_code == 303, done.text
    page = browser.get("/settings/domains").text
    assert f"files.{agency.slug}.example" in page
    domain = agency.owner.at.get("/api/tenant/domains").json()["results"][0]
    assert domain["proof"]["value"] in page

    taken = browser.submit("/settings/domains", {"domain": "not a domain"})
    removed = browser.submit(f"/settings/domains/{domain['id']}/remove", {})

    assert taken.status_code == 400
    assert removed.headers["location"] == "/settings/domains?notice=domain_removed"
    names = [
        each["domain"] for each in agency.owner.at.get("/api/tenant/domains").json()["results"]
    ]
    assert f"files.{agency.slug}.example" not in names


def test_ids_of_another_tenant_are_not_found(
    site: Site, agency: Agency, globex: Agency, browser: Browser
):
    theirs = globex.owner.at.post("/api/keys", {"name": "k", "scopes": ["files:read"]}).json()
    name = f"d.{agency.slug}.example"
    domain = globex.owner.at.post("/api/tenant/domains", {"domain": name}).json()

    for path in (
        f"/settings/keys/{theirs['id']}/revoke",
        f"/settings/domains/{domain['id']}/remove",
    ):
        assert browser.get(path).status_code == 404
    assert globex.owner.at.get(f"/api/keys/{theirs['id']}").status_code == 200


def wait_for_requests(agency: Agency) -> None:
    """Wait until requests of today are counted."""
    counted = RequestCount.objects.filter(tenant=agency.ref.id)
    for _ in range(200):
        if counted.exists():
            return
        time.sleep(0.05)
    pytest.fail("no request was counted in time")


def test_usage_shows_files_people_and_charts(agency: Agency, browser: Browser):
    add_file(agency.owner.at, f"{XSS}.txt", b"x" * 2048)
    with use_scope(PUBLIC):
        save_day(agency.ref.id, storage_bytes=2048, files=1)

    # The requests of today are counted a moment later (REQUEST_COUNTS_SECONDS).
    wait_for_requests(agency)
    page = browser.get("/settings/usage").text

    assert "onerror=alert(1)&gt;.txt" in page
    assert "<img src=x" not in page
    charts = re.findall(r'<figure class="chart">.*?</figure>', page, re.S)
    assert [chart.count("<rect") for chart in charts] == [30, 30, 30]
    storage = charts[0].partition("</svg>")[0]
    assert re.search(r'height="120\.0"><title>[^<]+: 2\.0\WKB</title>', storage)
    # Before the first measurement the values are unknown; a day without requests has none.
    assert storage.count(": unknown</title>") == storage.count('height="0.0"') == 29
    assert charts[2].count(": 0</title>") == 29


def test_audit_is_filtered_and_exported(agency: Agency, browser: Browser):
    names = ["=cmd.txt", "@cmd.txt", "\uff1dcmd.txt"]  # the last is a full-width sign
    for name in names:
        add_file(agency.owner.at, name)

    page = browser.get("/audit?action=file.uploaded").text
    table = browser.get("/audit.csv?action=file.uploaded")
    lines = browser.get("/audit.jsonl?action=file.uploaded").text.splitlines()

    assert page.count("<code>file.uploaded</code>") == 3
    rows = list(csv.DictReader(table.text.splitlines()))
    assert [row["target"] for row in rows] == [f"'{name}" for name in names]
    assert [json.loads(line)["target"]["label"] for line in lines] == names
    assert "attachment" in table.headers["content-disposition"]
    assert browser.get("/audit?action=%27;DROP").status_code == 400
    assert browser.get("/audit.xml").status_code == 404


def test_ownership_moves_to_another_person(site: Site, agency: Agency, browser: Browser):
    heir = add_member(agency, "heir@s.test", "admin")

    done = browser.submit("/settings/ownership", {"user_id": heir.id})

    assert urlsplit(done.headers["location"]).path == "/"
    with tenant_context(agency.ref):
        roles = dict(User.objects.values_list("email", "role"))
    assert (roles["heir@s.test"], roles[agency.owner.email]) == ("owner", "admin")
    assert browser.get("/settings/ownership").status_code == 403


def test_workspace_is_deleted_after_its_name_was_typed(agency: Agency, browser: Browser):
    wrong = browser.submit("/settings/delete", {"confirm": "another"})
    assert wrong.status_code == 400
    assert agency.ref.deletion_due_at is None

    done = browser.submit("/settings/delete", {"confirm": agency.slug})

    assert done.status_code == 303
    assert agency.ref.deletion_due_at is not None
    assert browser.get("/").status_code == 403
