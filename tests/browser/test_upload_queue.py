"""The upload queue in a real browser: lost connections, reloads, folders, failures."""

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from files.models import File, Upload
from tenants.context import tenant_context
from tests.support.browser import logged_in
from tests.support.factories import Agency, add_member
from tests.support.files.bucket import stored_keys, unfinished_multiparts
from tests.support.files.limits import set_limits
from tests.support.http_client import Site
from tests.support.pages.accessibility import assert_accessible
from tests.support.pages.profiles import Profiles

MIB = 1024 * 1024
DONE = ".upload[data-state=done]"
# Test vectors: FIPS 180-4 examples by NIST, and lengths around the padding.
LENGTHS = [0, 1, 3, 55, 56, 63, 64, 65, 127, 128, 1000, 200_000]


@pytest.fixture
def page(page_of: Profiles, site: Site, agency: Agency) -> Page:
    """The page of files, with the owner logged in."""
    page = page_of(agency.host, cookies_of=logged_in(site, agency))
    page.goto("/files")
    return page


def test_scripts_of_a_page_write_no_html(page: Page, allowed_faults: list[str]):
    allowed_faults += ["TrustedHTML", "TrustedScriptURL", "trusted-types"]
    refused = page.evaluate(
        """() => ["innerHTML", "outerHTML", "srcdoc"].filter((name) => {
            const holder = document.createElement("div");
            const element = holder.appendChild(document.createElement("iframe"));
            try { element[name] = "<b>"; } catch (error) { return error instanceof TypeError; }
            return false;
        })"""
    )
    worker = page.evaluate(
        "() => { try { new Worker('/x.js'); return ''; } catch (error) { return error.name; } }"
    )

    assert (refused, worker) == (["innerHTML", "outerHTML", "srcdoc"], "TypeError")


def content(size: int, seed: str = "x") -> bytes:
    """Return bytes that differ in every part of a file."""
    block = hashlib.sha512(seed.encode()).digest()
    return (block * (size // len(block) + 1))[: size - 8] + size.to_bytes(8, "big")


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def choose(page: Page, *paths: Path) -> None:
    page.locator("#choose-files").set_input_files(list(paths))


def checksums(agency: Agency) -> dict[str, str]:
    """Return the SHA-256 that the server computed from the stored content, by name."""
    with tenant_context(agency.ref):
        rows = File.objects.filter(deleted_at=None).select_related("current")
        return {file.name: file.current.sha256 for file in rows}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_checksums_are_those_of_the_standard(page: Page):
    script = """async ([address, lengths]) => {
      const { Sha256 } = await import(address);
      return lengths.map((length) => {
        const data = Uint8Array.from({ length }, (_, i) => i % 251);
        const digest = new Sha256();
        for (let at = 0; at < length; at += 37) digest.update(data.subarray(at, at + 37));
        return digest.hex();
      });
    }"""

    found = page.evaluate(script, ["/static/aggios/upload/sha256.js", LENGTHS])

    assert found == [digest(bytes(i % 251 for i in range(length))) for length in LENGTHS]


def test_size_is_a_text_in_the_language_of_the_page(page: Page):
    script = """async (sizes) => {
      const { sizeText } = await import("/static/aggios/upload/texts.js");
      return sizes.map(sizeText);
    }"""

    assert page.evaluate(script, [0, 1, 2, 1536]) == ["0 bytes", "1 byte", "2 bytes", "1.5 kB"]


def test_several_files_are_uploaded_and_listed(page: Page, agency: Agency, tmp_path: Path):
    data = {
        "big.bin": content(20 * MIB),
        "small.txt": b"small",
        "empty.txt": b"",
        "Ação <b>.txt": b"name",
    }

    choose(page, *(write(tmp_path, name, text) for name, text in data.items()))

    expect(page.locator(DONE)).to_have_count(4)
    expect(page.locator("#files")).to_contain_text("Ação <b>.txt")
    expect(page.locator("#upload-announcements")).to_contain_text("is uploaded")
    assert checksums(agency) == {name: digest(text) for name, text in data.items()}
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    expect(page.get_by_role("button", name="Remove from this list: small.txt")).to_be_visible()
    assert_accessible(page)
    assert unfinished_multiparts(agency) == []


def test_upload_goes_on_after_a_reload(page: Page, agency: Agency, tmp_path: Path):
    file = write(tmp_path, "long.bin", content(40 * MIB))
    sent: list[str] = []

    def only_two(route: Route) -> None:
        """Let two parts reach the store, and hold the others."""
        if len(sent) < 2:
            sent.append(route.request.url)
            route.continue_()

    page.route("**/aggios/**partNumber**", only_two)
    choose(page, file)
    expect(page.locator(".upload[data-state=sending]")).to_have_count(1)
    page.wait_for_event("response", lambda answer: "partNumber" in answer.url)
    with tenant_context(agency.ref):
        upload = Upload.objects.get()
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator(".upload[data-state=unfinished]")).to_have_count(1)
    page.unroute("**/aggios/**partNumber**")
    resent: list[str] = []
    page.on("request", lambda request: resent.append(request.url))

    choose(page, file)

    expect(page.locator(DONE)).to_have_count(1)
    assert checksums(agency) == {"long.bin": digest(file.read_bytes())}
    with tenant_context(agency.ref):
        assert [row.pk for row in Upload.objects.all()] == [upload.pk]
    parts = {url for url in resent if "partNumber" in url}
    assert 0 < len(parts) < upload.size / upload.part_size


def test_upload_survives_a_lost_connection(
    page: Page, agency: Agency, tmp_path: Path, allowed_faults: list[str]
):
    allowed_faults += ["ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "ERR_CONNECTION"]
    file = write(tmp_path, "long.bin", content(40 * MIB))
    begun: list[str] = []

    def cut_after_first(route: Route) -> None:
        begun.append(route.request.url)
        if len(begun) == 2:
            page.context.set_offline(True)
            route.abort("connectionfailed")
        else:
            route.continue_()

    page.route("**/aggios/**partNumber**", cut_after_first)
    choose(page, file)
    expect(page.locator(".upload[data-state=retrying]")).to_have_count(1)
    page.context.set_offline(False)

    expect(page.locator(DONE)).to_have_count(1)
    assert checksums(agency) == {"long.bin": digest(file.read_bytes())}


def test_server_errors_are_tried_again_and_the_rest_goes_on(
    page: Page, agency: Agency, tmp_path: Path, allowed_faults: list[str]
):
    allowed_faults += ["503", "413"]
    failures = iter(range(2))

    def fail_twice(route: Route) -> None:
        if next(failures, None) is None:
            route.continue_()
        else:
            route.fulfill(status=503, json={"code": "service_unavailable"})

    set_limits(agency, storage_bytes=1000)
    page.route("**/api/uploads", fail_twice)

    choose(
        page,
        write(tmp_path, "too big.bin", content(5000)),
        write(tmp_path, "fits.txt", b"fits"),
    )

    expect(page.locator(DONE)).to_have_count(1)
    failed = page.locator(".upload[data-state=failed]")
    expect(failed).to_contain_text("does not have enough storage")
    assert checksums(agency) == {"fits.txt": digest(b"fits")}


def test_paused_upload_goes_on_and_a_cancelled_one_leaves_nothing(
    page: Page, agency: Agency, tmp_path: Path
):
    paths = [write(tmp_path, name, content(20 * MIB, name)) for name in ("kept.bin", "dropped.bin")]
    page.route("**/aggios/**partNumber**", lambda route: None)  # held
    choose(page, *paths)
    expect(page.locator(".upload[data-state=sending]")).to_have_count(2)
    kept, dropped = (page.locator(".upload", has_text=path.name) for path in paths)

    kept.get_by_role("button", name="Pause").click()
    expect(kept).to_have_attribute("data-state", "paused")
    dropped.get_by_role("button", name="Cancel").click()
    expect(dropped).to_have_count(0)
    page.unroute("**/aggios/**partNumber**")
    kept.get_by_role("button", name="Resume").click()

    expect(page.locator(DONE)).to_have_count(1)
    assert checksums(agency) == {"kept.bin": digest(paths[0].read_bytes())}
    assert len(stored_keys(agency)) == 1
    assert unfinished_multiparts(agency) == []


def test_dropped_files_are_uploaded(page: Page, agency: Agency):
    data = page.evaluate_handle(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["dropped"], "dropped.txt"));
          return data;
        }"""
    )

    page.dispatch_event("main", "dragenter", {"dataTransfer": data})
    expect(page.locator("#drop-hint")).to_be_visible()
    page.dispatch_event("main", "drop", {"dataTransfer": data})

    expect(page.locator(DONE)).to_have_count(1)
    expect(page.locator("#drop-hint")).to_be_hidden()
    assert checksums(agency) == {"dropped.txt": digest(b"dropped")}


def test_unfinished_uploads_are_shown_only_to_the_same_person(
    page: Page, page_of: Profiles, site: Site, agency: Agency, tmp_path: Path
):
    page.route("**/aggios/**partNumber**", lambda route: None)
    choose(page, write(tmp_path, "secret plan.bin", content(20 * MIB)))
    expect(page.locator(".upload[data-state=sending]")).to_have_count(1)
    page.on("dialog", lambda dialog: dialog.accept())
    member = logged_in(site, agency, add_member(agency, "ben@queue.test"))
    page.context.clear_cookies()
    page.context.add_cookies(
        [
            {"name": cookie.name, "value": cookie.value or "", "url": f"http://{member.host}"}
            for cookie in member.client.cookies.jar
        ]
    )

    page.goto("/files")

    expect(page.locator("h1")).to_be_visible()
    assert page.locator(".upload").count() == 0


def test_name_is_changed_in_its_row(
    page: Page, agency: Agency, tmp_path: Path, allowed_faults: list[str]
):
    allowed_faults.append("409")  # the console reports the refused name
    choose(page, write(tmp_path, "first.txt", b"1"), write(tmp_path, "taken.txt", b"2"))
    expect(page.locator(DONE)).to_have_count(2)
    row = page.locator("#files tr", has_text="first.txt")
    expect(row).to_be_visible()
    row.locator("summary").click()
    row.get_by_role("link", name="Rename").click()

    field = row.locator(".rename-form input")
    field.fill("taken.txt")
    field.press("Enter")
    expect(row.get_by_role("alert")).to_contain_text("another file with this name")
    field.fill("second.txt")
    field.press("Enter")

    expect(page.locator("#files")).to_contain_text("second.txt")
    assert set(checksums(agency)) == {"second.txt", "taken.txt"}
