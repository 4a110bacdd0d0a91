"""Pages of share links: the list, a new link, its revocation, and what a visitor sees."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from files.models import Share
from tenants.context import tenant_context
from tests.support.browser import HTML, Browser, logged_in
from tests.support.factories import Agency, add_member
from tests.support.files.form_uploads import add_file
from tests.support.files.shares import audit_events, create_share, share_path
from tests.support.http_client import Site

pytestmark = pytest.mark.usefixtures("fresh_limits")

XSS = '"><img src=x onerror=alert(1)>.txt'
UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


@pytest.fixture
def agency(new_agency) -> Agency:
    return new_agency()


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return logged_in(site, agency)


def visitor(site: Site, agency: Agency) -> Browser:
    return Browser(site, agency.slug)


def test_link_is_created_shown_opened_and_revoked(site: Site, agency: Agency, browser: Browser):
    file = add_file(agency.owner.at, "offer.txt", b"the offer")

    done = browser.submit(
        f"/files/{file['id']}/share", {"days": "7", "max_downloads": "3", "password": ""}
    )
    page = browser.follow(done)

    assert done.status_code == 303
    assert "The link is ready." in page.text
    link = re.search(r'value="(http[^"]+/s/[^"]+)"', page.text)
    assert link
    with tenant_context(agency.ref):
        share = Share.objects.get()
    left = share.expires_at - timezone.now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    assert (share.max_downloads, share.password) == (3, "")
    path = link[1].split(str(site.port), 1)[1]
    seen = visitor(site, agency).get(path)
    assert (seen.status_code, "offer.txt" in seen.text) == (200, True)
    assert audit_events(agency, "share.opened") == []
    got = visitor(site, agency).post(path, {})
    assert site.fetch(got.headers["location"]).content == b"the offer"
    assert len(audit_events(agency, "share.opened")) == 1

    revoked = browser.submit(f"/links/{share.pk}/revoke", {})

    assert revoked.headers["location"] == "/links?notice=revoked"
    assert "The link is revoked." in browser.follow(revoked).text
    assert visitor(site, agency).get(path).status_code == 404
    assert len(audit_events(agency, "share.revoked")) == 1


def test_download_parameter_gives_the_content_to_a_browser(site: Site, agency: Agency):
    share = create_share(agency.owner.at)

    answer = visitor(site, agency).get(f"{share_path(share)}?download=1")

    assert answer.status_code == 302
    assert len(audit_events(agency, "share.opened")) == 1


def test_page_of_a_protected_link_names_nothing_before_the_password(site: Site, agency: Agency):
    share = create_share(agency.owner.at, password="open sesame")
    path = share_path(share)

    page = visitor(site, agency).get(path)
    wrong = visitor(site, agency).post(path, {"password": "close sesame"})
    right = visitor(site, agency).post(path, {"password": "open sesame"})

    assert (page.status_code, wrong.status_code, right.status_code) == (200, 401, 302)
    assert "shared.txt" not in page.text + wrong.text


def test_preview_is_shown_for_images_of_unlimited_links_only(site: Site, agency: Agency):
    ada = agency.owner.at
    image = add_file(ada, "photo.png", PNG)["id"]
    page = add_file(ada, "page.svg", b"<svg onload='alert(1)'/>")["id"]
    unlimited, limited, text = (
        create_share(ada, image),
        create_share(ada, image, max_downloads=5),
        create_share(ada, page),
    )

    shown = [visitor(site, agency).get(share_path(s)).text for s in (unlimited, limited, text)]

    assert ["share-preview" in text for text in shown] == [True, False, False]
    source = re.search(r'class="share-preview" src="([^"]+)"', shown[0])
    assert source
    assert site.fetch(source[1].replace("&amp;", "&")).content == PNG


def test_list_shows_own_links_to_members_and_all_to_owners(site: Site, agency: Agency):
    member = add_member(agency, "member@links.test")
    create_share(agency.owner.at, add_file(agency.owner.at, "of-ada.txt")["id"])
    create_share(member.at, add_file(member.at, "of-member.txt")["id"])

    of_owner = logged_in(site, agency).get("/links").text
    of_member = logged_in(site, agency, member).get("/links").text

    assert ("of-ada.txt" in of_owner, "of-member.txt" in of_owner) == (True, True)
    assert ("of-ada.txt" in of_member, "of-member.txt" in of_member) == (False, True)


def test_list_has_pages(agency: Agency, browser: Browser):
    file = add_file(agency.owner.at, "many.txt")["id"]
    with tenant_context(agency.ref):
        first = create_share(agency.owner.at, file)
        row = Share.objects.get(pk=first["id"])
        Share.objects.bulk_create(
            Share(
                file_id=file,
                created_by_id=row.created_by_id,
                token_hash=bytes([i]) * 32,
                token_sealed="",
                revoked_at=timezone.now(),
            )
            for i in range(60)
        )

    seen, path = [], "/links?created=x&notice=revoked"
    while path:
        page = browser.get(path).text
        seen += re.findall(r'id="link-row-([0-9a-f]{32})"', page)
        path = next_path(page)

    with tenant_context(agency.ref):
        stored = [pk.hex for pk in Share.objects.order_by("-id").values_list("pk", flat=True)]
    assert (len(seen), seen) == (61, stored)
    previous = re.search(r'href="(\?[^"]+)" rel="prev"', page)
    assert previous
    back = browser.get(f"/links{unescape(previous[1])}").text
    assert stored[0] in back
    assert "is revoked" not in back  # the notice of a form is not said again
    assert browser.get("/links?cursor=x").status_code == 400


def test_list_shows_one_link_that_an_event_names(agency: Agency, browser: Browser):
    first, second = create_share(agency.owner.at), create_share(agency.owner.at)

    page = browser.get(f"/links?link={first['id']}").text

    assert first["url"] in page
    assert second["url"] not in page
    assert "does not exist any more" in browser.get(f"/links?link={UNKNOWN_ID}").text


def test_list_does_not_show_one_link_of_another_person(site: Site, agency: Agency):
    member = add_member(agency, "curious@links.test")
    share = create_share(agency.owner.at)

    page = logged_in(site, agency, member).get(f"/links?link={share['id']}&created={share['id']}")

    assert page.status_code == 200
    assert "shared.txt" not in page.text


def next_path(page: str) -> str:
    found = re.search(r'href="(\?[^"]+)" rel="next"', page)
    return f"/links{unescape(found[1])}" if found else ""


def test_links_of_another_tenant_or_person_are_not_found(
    site: Site, agency: Agency, globex: Agency, browser: Browser
):
    file = add_file(globex.owner.at, "theirs.txt")["id"]
    foreign = create_share(globex.owner.at, file)
    member = logged_in(site, agency, add_member(agency, "other@links.test"))
    own = create_share(agency.owner.at)

    for path in (f"/links/{foreign['id']}/revoke", f"/files/{file}/share"):
        assert browser.get(path).status_code == 404
    assert member.get(f"/links/{own['id']}/revoke").status_code == 404
    assert member.get(f"/files/{own['file']}/share").status_code == 404
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', member.get("/logout").text)
    assert token
    for share in (own, foreign):
        fields = {"csrfmiddlewaretoken": token[1]}
        assert member.post(f"/links/{share['id']}/revoke", fields).status_code == 404
    with tenant_context(agency.ref):
        assert Share.objects.get(pk=own["id"]).revoked_at is None


def test_hostile_names_are_escaped(site: Site, agency: Agency, browser: Browser):
    file = add_file(agency.owner.at, XSS)["id"]
    share = create_share(agency.owner.at, file)

    shown = [
        browser.get(f"/files/{file}/share"),
        browser.get("/links"),
        browser.get(f"/links/{share['id']}/revoke"),
        visitor(site, agency).get(share_path(share)),
    ]

    for page in shown:
        assert page.status_code == 200
        assert "<img src=x" not in page.text
        assert "onerror=alert(1)&gt;" in page.text


@pytest.mark.parametrize(
    "fields",
    [
        {"days": "8"},
        {"max_downloads": "0"},
        {"max_downloads": "9" * 30},
        {"password": "abc"},
        {"password": "x" * 257},
    ],
    ids=str,
)
def test_invalid_limits_create_nothing(agency: Agency, browser: Browser, fields: dict):
    file = add_file(agency.owner.at, "plan.txt")["id"]

    page = browser.submit(f"/files/{file}/share", {"days": "7", **fields})

    assert page.status_code == 400
    with tenant_context(agency.ref):
        assert Share.objects.count() == 0


def test_switched_off_sharing_is_said_on_the_page(agency: Agency, browser: Browser):
    file = add_file(agency.owner.at, "plan.txt")["id"]
    done = agency.owner.at.patch("/api/tenant", {"settings": {"sharing": "off"}})
    assert done.status_code == 200, done.text

    page = browser.get(f"/files/{file}/share", headers={"Accept": HTML})

    assert page.status_code == 403
