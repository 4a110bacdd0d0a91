"""The start page of a workspace, for visitors and for its users."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.services import SYSTEM
from tenants.domains.services import add_domain
from tests.support.accounts.invitations import post_invitation
from tests.support.browser import TOKEN, Browser, logged_in
from tests.support.factories import Agency, add_member
from tests.support.files.form_uploads import add_file
from tests.support.files.shares import create_share
from tests.support.http_client import Site
from tests.support.mail.outbox import update_user_row
from tests.support.pages.responses import page_client

pytestmark = pytest.mark.usefixtures("fresh_limits")


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency(company="Initech <b>")


def open_steps(text: str) -> int:
    """Return how many first steps are not done; -1 if there is no list."""
    if "First steps" not in text:
        return -1
    shown = text.partition('class="checklist"')[2].partition("</ul>")[0]
    return shown.count("<li>")


def test_visitor_sees_name_and_log_in_without_a_redirect(site: Site, agency: Agency):
    for agent in ("Mozilla/5.0", "Slackbot-LinkExpanding 1.0", "WhatsApp/2"):
        page = Browser(site, agency.slug).get("/", headers={"User-Agent": agent})

        assert page.status_code == 200
        assert "<h1>Initech &lt;b&gt;</h1>" in page.text
        assert 'href="/login"' in page.text
        assert agency.owner.email not in page.text


def test_ended_session_shows_the_public_page(site: Site, agency: Agency):
    browser = logged_in(site, agency)
    assert agency.owner.at.post("/api/auth/logout-all").status_code == 204

    page = browser.get("/")

    assert (page.status_code, 'href="/login"' in page.text) == (200, True)
    assert "Hello" not in page.text


def test_checklist_follows_what_is_done(site: Site, agency: Agency):
    browser = logged_in(site, agency)

    counts = [open_steps(browser.get("/").text)]
    for do in (
        lambda: post_invitation(agency, f"nia@{agency.slug}.test"),
        lambda: add_file(agency.owner.at, "plan.txt", b"a plan"),
        lambda: update_user_row(agency, agency.owner.email, second_factor_at=timezone.now()),
        lambda: add_domain(
            agency.ref.id, name=f"files.{agency.slug}.example", verified=True, actor=SYSTEM
        ),
    ):
        do()
        counts.append(open_steps(browser.get("/").text))

    assert counts == [4, 3, 2, 1, -1]


def test_checklist_is_hidden_for_one_user(site: Site, agency: Agency):
    browser = logged_in(site, agency)
    admin = add_member(agency, f"admin@{agency.slug}.test", role="admin")

    done = _hide(browser)

    assert (done.status_code, done.headers["location"]) == (303, "/?notice=hidden")
    assert open_steps(browser.follow(done).text) == -1
    assert open_steps(logged_in(site, agency).get("/").text) == 3
    other = logged_in(site, agency, admin)
    mark = browser.client.cookies["aggios_checklist"]
    other.client.cookies.set("aggios_checklist", mark)
    assert open_steps(other.get("/").text) == 3


def _hide(browser: Browser):
    token = TOKEN.search(browser.get("/").text)
    assert token
    return browser.post("/checklist", {"csrfmiddlewaretoken": token[1]})


def test_hiding_the_checklist_needs_a_form(site: Site, agency: Agency):
    browser = logged_in(site, agency)

    assert browser.get("/checklist").headers["location"] == "/"
    assert browser.post("/checklist", {}).status_code == 403
    assert "aggios_checklist" not in browser.client.cookies
    refused = Browser(site, agency.slug).get("/checklist")
    assert refused.headers["location"] == "/login?next=%2Fchecklist"


def test_member_sees_own_files_only_and_no_checklist(site: Site, agency: Agency):
    add_file(agency.owner.at, "secret of the owner.txt", b"secret")
    member = add_member(agency, f"ben@{agency.slug}.test")
    add_file(member.at, "offer <i>.txt", b"an offer")

    page = logged_in(site, agency, member).get("/").text
    owners = logged_in(site, agency).get("/").text

    assert "offer &lt;i&gt;.txt" in page
    assert "secret of the owner" not in page
    assert open_steps(page) == -1
    assert 'href="/people"' not in page
    assert "offer &lt;i&gt;.txt" in owners
    assert "secret of the owner.txt" in owners


def test_storage_and_shares_are_the_users_own(site: Site, agency: Agency):
    member = add_member(agency, f"ben@{agency.slug}.test")
    own = add_file(member.at, "mine.txt", b"x" * 2048)
    foreign = add_file(agency.owner.at, "other.txt", b"y" * 4096)
    create_share(member.at, str(own["id"]))
    create_share(agency.owner.at, str(foreign["id"]))

    page = logged_in(site, agency, member).get("/").text

    assert '<p class="figure">2.0\xa0KB</p>' in page
    shared = page.partition('id="shared"')[2].partition("</section>")[0]
    assert "mine.txt" in shared
    assert "other.txt" not in shared
    assert "The whole workspace" not in page


def test_revoked_share_is_not_shown(site: Site, agency: Agency):
    file = add_file(agency.owner.at, "mine.txt", b"x")
    share = create_share(agency.owner.at, str(file["id"]))
    assert agency.owner.at.delete(f"/api/shares/{share['id']}").status_code == 204

    page = logged_in(site, agency).get("/").text

    assert "mine.txt" not in page.partition('id="shared"')[2].partition("</section>")[0]


def test_pending_things_are_listed(site: Site, agency: Agency):
    post_invitation(agency, f"nia@{agency.slug}.test")
    upload = agency.owner.at.post("/api/uploads", {"name": "big.bin", "size": 10})
    assert upload.status_code == 201
    update_user_row(agency, agency.owner.email, password_change_required=True)

    page = logged_in(site, agency).get("/").text

    for said in (
        "1 invitation has not been accepted.",
        "1 upload is not finished.",
        "Somebody else has chosen your password.",
        "is not verified",
    ):
        assert said in page


@pytest.mark.parametrize(("language", "said"), [("en", "Hello, Olga"), ("pt-BR", "Olá, Olga")])
def test_home_is_served_in_both_languages(site: Site, agency: Agency, language: str, said: str):
    page = logged_in(site, agency, language=language).get("/")

    assert said in page.text
    assert "no-store" in page.headers["cache-control"]
    assert 'aria-current="page"' in page.text


def test_wrong_method_is_refused(site: Site, agency: Agency):
    for browser in (Browser(site, agency.slug), logged_in(site, agency)):
        assert browser.post("/", {}).status_code == 405


def test_links_of_the_home_page_lead_to_pages(site: Site, agency: Agency):
    file = add_file(agency.owner.at, "plan.txt", b"a plan")
    create_share(agency.owner.at, str(file["id"]))
    browser = logged_in(site, agency)

    links = set(re.findall(r'href="(/[a-z][^"?#]*)"', browser.get("/").text.partition("<body")[2]))

    assert {"/people", "/files", "/me/security", "/settings/domains"} <= links
    found = {link: browser.get(link).status_code for link in links if "/static/" not in link}
    # A second factor and its like ask again who the user is, after some time.
    assert {link: code for link, code in found.items() if code not in {200, 303}} == {}


def test_password_of_another_person_must_be_changed_first(settings, site: Site, agency: Agency):
    settings.FIRST_PASSWORD_CHANGE = "required"
    update_user_row(agency, agency.owner.email, password_change_required=True)
    client = page_client(agency, logged_in(site, agency))

    led = client.get("/")

    assert (led.status_code, led.headers["location"]) == (303, "/me/password?next=%2F")
    assert client.get("/me/password").status_code == 200


def test_number_of_queries_does_not_grow(site: Site, agency: Agency):
    browser = logged_in(site, agency)
    client = page_client(agency, browser)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/").status_code == 200
        return len(captured)

    count()
    before = count()
    for n in range(9):
        file = add_file(agency.owner.at, f"{n}.txt", b"x")
        create_share(agency.owner.at, str(file["id"]))
        post_invitation(agency, f"n{n}@{agency.slug}.test")

    assert count() <= before <= 20
