"""Pages that invite: one person, a list, a link; resending and revoking."""

import io
import re
import secrets
from html import unescape

import pytest

from accounts.models import Invitation
from pages.people.address_list import MAX_ADDRESSES, decode_file, parse_addresses
from tenants.context import tenant_context
from tests.support.accounts.invitations import (
    post_invitation,
    register_with_token,
    update_invitation_row,
)
from tests.support.accounts.users import user_with_session
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.mailbox import Mailbox
from tests.support.page_forms import browser_of, hidden_fields, send, submit

pytestmark = pytest.mark.usefixtures("fresh_limits")

MANY = "/people/invite/many"
RESULT = re.compile(r'<th scope="row">([^<]*)</th>\s*<td data-label="[^"]*">(.*?)</td>', re.S)


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return browser_of(site, agency, agency.owner)


def invitations(agency: Agency, **conditions: object) -> dict[str, str]:
    """Return the roles of the open invitations by address."""
    with tenant_context(agency.ref):
        rows = Invitation.objects.filter(revoked_at=None, uses=0, **conditions)
        return {row.email: row.role for row in rows}


def results(page: str) -> dict[str, str]:
    """Return what a table of lines says of each."""
    plain = {text: re.sub(r"<[^>]+>", "", said).strip() for text, said in RESULT.findall(page)}
    return {unescape(text): unescape(said) for text, said in plain.items()}


def test_one_person_is_invited_by_mail(agency: Agency, browser: Browser, mailbox: Mailbox):
    email = f"{secrets.token_hex(6)}@people.test"

    done = submit(browser, "/people/invite", {"email": email.upper(), "role": "member"})

    assert done.headers["location"] == "/people/invitations?notice=invited"
    assert email in browser.follow(done).text
    token = mailbox.wait_for(email).token
    assert register_with_token(agency, token, email).status_code == 201


@pytest.mark.parametrize("email", ["", "x", "<script>alert(1)</script>@x.test", "a@localhost"])
def test_invalid_address_is_not_invited(agency: Agency, browser: Browser, email: str):
    refused = submit(browser, "/people/invite", {"email": email, "role": "member"})

    assert refused.status_code == 400
    assert 'id="id_email_error"' in refused.text
    assert "<script>alert" not in refused.text
    assert invitations(agency) == {}


def test_role_above_the_own_is_not_offered_and_refused(site: Site, agency: Agency):
    browser = browser_of(site, agency, user_with_session(agency, "admin"))

    for path in ("/people/invite", MANY, "/people/invite/link"):
        assert 'value="owner"' not in browser.get(path).text
        fields = {"email": "x@people.test", "addresses": "x@people.test", "max_uses": "5"}
        assert submit(browser, path, {**fields, "role": "owner"}).status_code == 400
    assert invitations(agency) == {}


def test_inviting_an_administrator_asks_again_and_keeps_the_form(site: Site, agency: Agency):
    owner = user_with_session(agency, "owner", proved_days_ago=1)
    browser = browser_of(site, agency, owner)

    asked = submit(browser, "/people/invite", {"email": "x@people.test", "role": "admin"})

    assert asked.status_code == 303
    assert asked.headers["location"] == (
        "/reauthenticate?next=%2Fpeople%2Finvite%3Femail%3Dx%2540people.test%26role%3Dadmin"
    )
    kept = browser.get("/people/invite?email=x%40people.test&role=admin").text
    assert 'value="x@people.test"' in kept
    assert '<option value="admin" selected>' in kept
    assert invitations(agency) == {}


def test_list_with_administrators_asks_again_and_loses_nothing(site: Site, agency: Agency):
    owner = user_with_session(agency, "owner", proved_days_ago=1)
    browser = browser_of(site, agency, owner)

    asked = submit(browser, MANY, {"addresses": "x@people.test", "role": "admin", "send": "1"})

    assert asked.status_code == 403
    assert "/reauthenticate?next=/people/invite/many" in asked.text
    assert "x@people.test</textarea>" in asked.text
    assert invitations(agency) == {}


def test_list_is_checked_first_and_then_sent(agency: Agency, browser: Browser):
    post_invitation(agency, "open@people.test")
    pasted = "\n".join(
        [
            "Name;E-mail",
            "Ana da Silva <Ana@People.test>",
            "zoë@people.test",
            "bo@münchen.example; ana@people.test",
            f"Me,{agency.owner.email}",
            "open@people.test",
            "no address here",
            "",
            "a@localhost",
        ]
    )

    checked = submit(browser, MANY, {"addresses": pasted, "role": "member"})

    assert invitations(agency) == {"open@people.test": "member"}
    said = results(checked.text)
    assert said["ana@people.test"] == "The same address as in line 2."
    assert said["bo@xn--mnchen-3ya.example"] == "Will be invited."
    assert said[agency.owner.email] == "Is in this workspace already."
    assert said["open@people.test"] == "Replaces the open invitation."
    assert said["no address here"] == "There is no e-mail address in this line."
    assert "without look-alike letters" in said["zoë@people.test"]
    assert "Name;E-mail" not in said

    sent = send(browser, checked, MANY, {"send": "1"})

    assert sent.status_code == 200
    assert set(results(sent.text).values()) == {"Invited."}
    assert set(invitations(agency)) == {
        "ana@people.test",
        "bo@xn--mnchen-3ya.example",
        "open@people.test",
    }


@pytest.mark.parametrize("pasted", ["", "\n \n,;\t\n", "E-mail"])
def test_empty_list_is_refused(agency: Agency, browser: Browser, pasted: str):
    refused = submit(browser, MANY, {"addresses": pasted, "role": "member", "send": "1"})

    assert refused.status_code == 400
    assert 'id="id_addresses_error"' in refused.text
    assert invitations(agency) == {}


def test_list_without_a_usable_line_sends_nothing(agency: Agency, browser: Browser):
    checked = submit(browser, MANY, {"addresses": "x\ny@", "role": "member", "send": "1"})

    assert checked.status_code == 200
    assert "Nothing has been sent yet." in checked.text
    assert 'name="send"' not in checked.text
    assert invitations(agency) == {}


def addresses(number: int) -> str:
    return "\n".join(f"p{at}@many.test" for at in range(number))


def test_longest_list_is_sent(agency: Agency, browser: Browser):
    checked = submit(browser, MANY, {"addresses": addresses(MAX_ADDRESSES), "role": "member"})

    sent = send(browser, checked, MANY, {"send": "1"})

    assert "500 invitations are on their way." in sent.text
    assert len(invitations(agency)) == MAX_ADDRESSES


@pytest.mark.parametrize("number", [MAX_ADDRESSES + 1, 5000])
def test_longer_list_is_refused_as_a_whole(agency: Agency, browser: Browser, number: int):
    fields = {"addresses": addresses(number), "role": "member", "send": "1"}

    refused = submit(browser, MANY, fields)

    assert refused.status_code == 400
    assert "Nothing has been sent" in refused.text
    assert invitations(agency) == {}


def test_limit_that_is_reached_is_said_for_each_line(agency: Agency, browser: Browser):
    first = submit(browser, MANY, {"addresses": addresses(MAX_ADDRESSES - 2), "role": "member"})
    send(browser, first, MANY, {"send": "1"})
    more = "\n".join(f"more{at}@many.test" for at in range(4))

    sent = submit(browser, MANY, {"addresses": more, "role": "member", "send": "1"})

    said = list(results(sent.text).values())
    assert said == ["Invited."] * 2 + ["Not sent: too many invitations for now."] * 2
    assert "more2@many.test\nmore3@many.test</textarea>" in sent.text.replace("\r", "")
    assert len(invitations(agency)) == MAX_ADDRESSES


@pytest.mark.parametrize(
    "content",
    [
        "Nome;E-mail\r\nÁna;ana@people.test\r\n".encode("cp1252"),
        '\ufeffname,email\n"Silva, Ana",ana@people.test\n'.encode(),
        "name\temail\nAna\tana@people.test\n".encode("utf-16"),
        b"ana@people.test",
    ],
)
def test_file_is_read_in_the_usual_encodings(agency: Agency, browser: Browser, content: bytes):
    page = browser.get(MANY)
    files = {"file": ("list.csv", io.BytesIO(content), "text/csv")}
    fields = {**hidden_fields(page.text), "addresses": "", "role": "member"}

    checked = browser.post(MANY, fields, files=files)

    assert results(checked.text)["ana@people.test"] == "Will be invited."
    assert invitations(agency) == {}


@pytest.mark.parametrize("content", [b"", b"\0\xff\xfe\x80", b"\xff\xfe\x00\xd8", b"a@b@c" * 1000])
def test_hostile_file_invites_no_user(agency: Agency, browser: Browser, content: bytes):
    page = browser.get(MANY)
    files = {"file": ("<script>.csv", io.BytesIO(content), "text/csv")}
    fields = {**hidden_fields(page.text), "addresses": "", "role": "member", "send": "1"}

    answer = browser.post(MANY, fields, files=files)

    assert answer.status_code in {200, 400}
    assert invitations(agency) == {}


def test_file_that_is_too_large_is_refused(agency: Agency, browser: Browser):
    page = browser.get(MANY)
    files = {"file": ("list.csv", io.BytesIO(b"x" * 2 * 1024 * 1024), "text/csv")}

    answer = browser.post(MANY, {**hidden_fields(page.text), "role": "member"}, files=files)

    assert answer.status_code == 413
    assert invitations(agency) == {}


def test_form_with_a_file_needs_its_csrf_token(agency: Agency, browser: Browser):
    files = {"file": ("list.csv", io.BytesIO(b"ana@people.test"), "text/csv")}

    answer = browser.post(MANY, {"role": "member", "send": "1"}, files=files)

    assert answer.status_code == 403
    assert invitations(agency) == {}


def test_link_is_shown_once_and_admits_people(agency: Agency, browser: Browser):
    made = submit(browser, "/people/invite/link", {"role": "member", "max_uses": "2"})

    address = re.search(r'value="(http[^"]+/join\?token=([^"]+))"', made.text)
    assert address
    assert "no-store" in made.headers["cache-control"]
    assert address[2] not in browser.get("/people/invitations").text
    joined = register_with_token(agency, address[2], f"{secrets.token_hex(6)}@people.test")
    assert joined.status_code in {201, 202}


@pytest.mark.parametrize("uses", ["", "1", "0", "-5", "1001", "x", "2.5"])
def test_number_of_uses_is_checked(agency: Agency, browser: Browser, uses: str):
    refused = submit(browser, "/people/invite/link", {"role": "member", "max_uses": uses})

    assert refused.status_code == 400
    assert invitations(agency) == {}


def invitation_id(agency: Agency, **fields: object) -> str:
    return str(post_invitation(agency, **fields)["id"])  # type: ignore[arg-type]


def test_invitation_is_sent_again_with_a_new_link(agency: Agency, browser: Browser):
    found = invitation_id(agency, email="again@people.test")

    done = submit(browser, f"/people/invitations/{found}/resend")

    assert done.headers["location"] == "/people/invitations?notice=resent"
    assert agency.owner.at.get("/api/audit?action=invitation.resent").json()["results"]


def test_link_is_replaced_by_a_new_one(agency: Agency, browser: Browser):
    found = post_invitation(agency, max_uses=5)

    made = submit(browser, f"/people/invitations/{found['id']}/resend")

    address = re.search(r"/join\?token=([^\"]+)\"", made.text)
    assert address
    assert address[1] != found["token"]
    former = register_with_token(agency, found["token"], "former@people.test")
    assert former.status_code == 403


def test_invitation_is_revoked(agency: Agency, browser: Browser):
    found = invitation_id(agency, email="void@people.test")

    done = submit(browser, f"/people/invitations/{found}/revoke")

    assert done.headers["location"] == "/people/invitations?notice=revoked"
    assert invitations(agency) == {}
    assert browser.get(f"/people/invitations/{found}/revoke").status_code == 409
    assert browser.get(f"/people/invitations/{found}/resend").status_code == 409


@pytest.mark.parametrize("name", ["resend", "revoke"])
def test_invitation_that_was_resent_since_is_a_conflict(
    agency: Agency, browser: Browser, name: str
):
    found = invitation_id(agency, email="both@people.test")
    path = f"/people/invitations/{found}/{name}"
    page = browser.get(path)
    agency.owner.at.post(f"/api/invitations/{found}/resend")

    refused = send(browser, page, path)

    assert refused.status_code == 412
    assert invitations(agency) == {"both@people.test": "member"}


def test_invitation_of_an_owner_is_out_of_reach_of_an_administrator(site: Site, agency: Agency):
    found = invitation_id(agency, email="boss@people.test", role="owner")
    browser = browser_of(site, agency, user_with_session(agency, "admin"))

    assert f"{found}/re" not in browser.get("/people/invitations").text
    for name in ("resend", "revoke"):
        assert browser.get(f"/people/invitations/{found}/{name}").status_code == 403
    assert invitations(agency) == {"boss@people.test": "owner"}


@pytest.mark.parametrize("state", ["pending", "accepted", "expired", "revoked", "all"])
def test_invitations_are_shown_by_state(agency: Agency, browser: Browser, state: str):
    post_invitation(agency, "one@people.test")

    page = browser.get(f"/people/invitations?state={state}")

    assert page.status_code == 200
    assert ("one@people.test" in page.text) == (state in {"pending", "all"})


def test_invitation_of_the_platform_says_so(agency: Agency, browser: Browser):
    found = post_invitation(agency, "by.staff@people.test")
    update_invitation_row(agency, found, invited_by=None)

    listed = browser.get("/people/invitations")
    asked = browser.get(f"/people/invitations/{found['id']}/resend")

    assert "Platform staff" in listed.text
    assert "Platform staff" in asked.text


def test_unknown_state_is_refused_as_a_page(browser: Browser):
    assert browser.get("/people/invitations?state=x").status_code == 400


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("a@x.test", [(1, "a@x.test")]),
        ("a@x.test, b@x.test;c@x.test\td@x.test", [(1, f"{c}@x.test") for c in "abcd"]),
        ("\n\nA <a@x.test>\u2028b@x.test", [(3, "a@x.test"), (4, "b@x.test")]),
        ('"A, B" <a@x.test>', [(1, "a@x.test")]),
        ("(a@x.test)", [(1, "a@x.test")]),
        ("email\na@x.test", [(2, "a@x.test")]),
        ("a@x.test\nemail", [(1, "a@x.test"), (2, "")]),
    ],
)
def test_list_of_addresses_is_parsed(text: str, found: list[tuple[int, str]]):
    assert [(one.line, one.address) for one in parse_addresses(text)] == found


def test_long_list_is_not_parsed_to_its_end():
    assert len(parse_addresses("a@x.test," * 100_000)) == MAX_ADDRESSES + 1


def test_undecodable_file_becomes_text():
    assert decode_file(b"\xe9@x.test") == "é@x.test"
