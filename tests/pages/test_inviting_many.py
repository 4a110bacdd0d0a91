"""Inviting a list of people: check, upload of a file, limits."""

import io
import re
from html import unescape

import pytest

from pages.people.address_list import MAX_ADDRESSES, decode_file, parse_addresses
from tests.support.accounts.invitations import (
    open_invitations,
    post_invitation,
)
from tests.support.accounts.users import user_with_session
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.page_forms import browser_of, hidden_fields, send, submit

MANY = "/people/invite/many"

RESULT = re.compile(r'<th scope="row">([^<]*)</th>\s*<td data-label="[^"]*">(.*?)</td>', re.S)


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return browser_of(site, agency, agency.owner)


def results(page: str) -> dict[str, str]:
    """Return what a table of lines says of each."""
    plain = {text: re.sub(r"<[^>]+>", "", said).strip() for text, said in RESULT.findall(page)}
    return {unescape(text): unescape(said) for text, said in plain.items()}


def test_list_with_administrators_asks_again_and_loses_nothing(site: Site, agency: Agency):
    owner = user_with_session(agency, "owner", proved_days_ago=1)
    browser = browser_of(site, agency, owner)

    asked = submit(browser, MANY, {"addresses": "x@people.test", "role": "admin", "send": "1"})

    assert asked.status_code == 403
    assert "/reauthenticate?next=/people/invite/many" in asked.text
    assert "x@people.test</textarea>" in asked.text
    assert open_invitations(agency) == {}


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

    assert open_invitations(agency) == {"open@people.test": "member"}
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
    assert set(open_invitations(agency)) == {
        "ana@people.test",
        "bo@xn--mnchen-3ya.example",
        "open@people.test",
    }


@pytest.mark.parametrize("pasted", ["", "\n \n,;\t\n", "E-mail"])
def test_empty_list_is_refused(agency: Agency, browser: Browser, pasted: str):
    refused = submit(browser, MANY, {"addresses": pasted, "role": "member", "send": "1"})

    assert refused.status_code == 400
    assert 'id="id_addresses_error"' in refused.text
    assert open_invitations(agency) == {}


def test_list_without_a_usable_line_sends_nothing(agency: Agency, browser: Browser):
    checked = submit(browser, MANY, {"addresses": "x\ny@", "role": "member", "send": "1"})

    assert checked.status_code == 200
    assert "Nothing has been sent yet." in checked.text
    assert 'name="send"' not in checked.text
    assert open_invitations(agency) == {}


def addresses(number: int) -> str:
    return "\n".join(f"p{at}@many.test" for at in range(number))


@pytest.mark.nightly
def test_longest_list_is_sent(agency: Agency, browser: Browser):
    checked = submit(browser, MANY, {"addresses": addresses(MAX_ADDRESSES), "role": "member"})

    sent = send(browser, checked, MANY, {"send": "1"})

    assert "500 invitations are on their way." in sent.text
    assert len(open_invitations(agency)) == MAX_ADDRESSES


@pytest.mark.parametrize("number", [MAX_ADDRESSES + 1, 5000])
def test_longer_list_is_refused_as_a_whole(agency: Agency, browser: Browser, number: int):
    fields = {"addresses": addresses(number), "role": "member", "send": "1"}

    refused = submit(browser, MANY, fields)

    assert refused.status_code == 400
    assert "Nothing has been sent" in refused.text
    assert open_invitations(agency) == {}


@pytest.mark.nightly
def test_limit_that_is_reached_is_said_for_each_line(agency: Agency, browser: Browser):
    first = submit(browser, MANY, {"addresses": addresses(MAX_ADDRESSES - 2), "role": "member"})
    send(browser, first, MANY, {"send": "1"})
    more = "\n".join(f"more{at}@many.test" for at in range(4))

    sent = submit(browser, MANY, {"addresses": more, "role": "member", "send": "1"})

    said = list(results(sent.text).values())
    assert said == ["Invited."] * 2 + ["Not sent: too many invitations for now."] * 2
    assert "more2@many.test\nmore3@many.test</textarea>" in sent.text.replace("\r", "")
    assert len(open_invitations(agency)) == MAX_ADDRESSES


def test_list_does_not_use_up_the_single_invitations_of_its_sender(
    agency: Agency, browser: Browser
):
    pasted = addresses(101)  # more than single invitations in an hour
    submit(browser, MANY, {"addresses": pasted, "role": "member", "send": "1"})

    sent = submit(browser, "/people/invite", {"email": "one@single.test", "role": "member"})

    assert sent.status_code == 303
    assert len(open_invitations(agency)) == 102


def test_user_sends_a_few_lists_in_an_hour(agency: Agency, browser: Browser):
    for at in range(6):
        fields = {"addresses": f"a{at}@many.test", "role": "member", "send": "1"}
        sent = submit(browser, MANY, fields)

    assert results(sent.text) == {"a5@many.test": "Not sent: too many invitations for now."}
    assert "a5@many.test</textarea>" in sent.text
    assert len(open_invitations(agency)) == 5


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
    assert open_invitations(agency) == {}


@pytest.mark.parametrize("content", [b"", b"\0\xff\xfe\x80", b"\xff\xfe\x00\xd8", b"a@b@c" * 1000])
def test_hostile_file_invites_no_user(agency: Agency, browser: Browser, content: bytes):
    page = browser.get(MANY)
    files = {"file": ("<script>.csv", io.BytesIO(content), "text/csv")}
    fields = {**hidden_fields(page.text), "addresses": "", "role": "member", "send": "1"}

    answer = browser.post(MANY, fields, files=files)

    assert answer.status_code in {200, 400}
    assert open_invitations(agency) == {}


def test_file_that_is_too_large_is_refused(agency: Agency, browser: Browser):
    page = browser.get(MANY)
    files = {"file": ("list.csv", io.BytesIO(b"x" * 2 * 1024 * 1024), "text/csv")}

    answer = browser.post(MANY, {**hidden_fields(page.text), "role": "member"}, files=files)

    assert answer.status_code == 413
    assert open_invitations(agency) == {}


def test_form_with_a_file_needs_its_csrf_token(agency: Agency, browser: Browser):
    files = {"file": ("list.csv", io.BytesIO(b"ana@people.test"), "text/csv")}

    answer = browser.post(MANY, {"role": "member", "send": "1"}, files=files)

    assert answer.status_code == 403
    assert open_invitations(agency) == {}


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
