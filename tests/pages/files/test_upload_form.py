"""The upload form without scripts: streamed, with its CSRF token before the file."""

from collections.abc import Iterator

import pytest

from files.models import File, Upload
from tenants.context import tenant_context
from tests.support.browser import TOKEN, Browser, logged_in
from tests.support.factories import Agency
from tests.support.files.bucket import sha256, stored_keys, unfinished_multiparts
from tests.support.files.form_uploads import BOUNDARY, closing_boundary, form_part
from tests.support.files.limits import set_limits
from tests.support.http_client import Site

MIB = 1024 * 1024


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return logged_in(site, agency)


def token_of(browser: Browser) -> str:
    found = TOKEN.search(browser.get("/files").text)
    assert found
    return found[1]


def send(browser: Browser, parts: list[bytes], **headers: str):
    """Send the parts of a form in this order."""
    return browser.client.post(
        "/files/upload",
        content=b"".join([*parts, closing_boundary()]),
        headers={**headers_of(browser), **headers},
    )


def headers_of(browser: Browser) -> dict[str, str]:
    return {
        "Origin": f"http://{browser.host}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }


def field(name: str, value: str) -> bytes:
    return form_part(name, None, value.encode())


def test_form_adds_a_file_to_its_folder(browser: Browser, agency: Agency):
    data = b"x" * (3 * MIB)
    parts = [field("csrfmiddlewaretoken", token_of(browser)), field("path", "a/b/")]

    sent = send(browser, [*parts, form_part("file", "Olá <b>.txt", data)])
    page = browser.follow(sent)

    assert sent.status_code == 303
    assert sent.headers["location"] == "/files?path=a%2Fb%2F&notice=uploaded"
    assert "The file is uploaded." in page.text
    with tenant_context(agency.ref):
        file = File.objects.select_related("current").get()
    assert (file.name, file.current.sha256) == ("a/b/Olá <b>.txt", sha256(data))
    [event] = agency.owner.at.get("/api/audit?action=file.uploaded").json()["results"]
    assert event["target"]["id"] == str(file.id)


def test_file_before_its_token_is_refused_and_nothing_is_stored(browser: Browser, agency: Agency):
    token = field("csrfmiddlewaretoken", token_of(browser))

    answers = [
        send(browser, [form_part("file", "x.txt", b"x"), token]),
        send(browser, [form_part("file", "x.txt", b"x")]),
        send(browser, [field("csrfmiddlewaretoken", "x" * 64), form_part("file", "x.txt", b"x")]),
        send(browser, [token, form_part("file", "x.txt", b"x")], Origin="http://evil.example"),
        send(browser, [token, form_part("file", "x.txt", b"x")], **{"Sec-Fetch-Site": "same-site"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert all("form_expired" in answer.text for answer in answers)
    with tenant_context(agency.ref):
        assert (File.objects.count(), Upload.objects.count()) == (0, 0)
    assert stored_keys(agency) == set()


@pytest.mark.parametrize(
    ("folder", "name", "status"),
    [("", "a/b.txt", 400), ("../", "x.txt", 400), ("", "..", 400), ("y" * 250 + "/", "z" * 9, 400)],
)
def test_invalid_name_is_shown_and_leaves_nothing(
    browser: Browser, agency: Agency, folder: str, name: str, status: int
):
    parts = [field("csrfmiddlewaretoken", token_of(browser)), field("path", folder)]

    page = send(browser, [*parts, form_part("file", name, b"content")])

    assert page.status_code == status
    assert "The file was not uploaded" in page.text
    assert stored_keys(agency) == set()
    with tenant_context(agency.ref):
        assert File.objects.count() == 0


def test_form_without_a_file_is_refused(browser: Browser):
    page = send(browser, [field("csrfmiddlewaretoken", token_of(browser))])

    assert page.status_code == 400
    assert "The file was not uploaded" in page.text


def test_quota_is_shown_on_the_page(browser: Browser, agency: Agency):
    parts = [field("csrfmiddlewaretoken", token_of(browser))]
    set_limits(agency, storage_bytes=10)

    page = send(browser, [*parts, form_part("file", "big.txt", b"x" * 100)])

    assert page.status_code == 413
    assert "not have enough storage" in page.text
    assert stored_keys(agency) == set()


def test_file_is_in_the_store_before_its_end_is_sent(browser: Browser, agency: Agency):
    parts = [field("csrfmiddlewaretoken", token_of(browser))]
    begun: list[str] = []

    def body() -> Iterator[bytes]:
        yield b"".join([*parts, form_part("file", "long.bin", b"").removesuffix(b"\r\n")])
        for number in range(64):
            yield b"x" * MIB
            if number == 60:
                begun.extend(unfinished_multiparts(agency))
        yield b"\r\n" + closing_boundary()

    sent = browser.client.post("/files/upload", content=body(), headers=headers_of(browser))

    assert sent.status_code == 303
    assert len(begun) == 1
    with tenant_context(agency.ref):
        assert File.objects.get().size == 64 * MIB
