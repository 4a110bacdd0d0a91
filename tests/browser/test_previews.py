"""Previews of a file's page, as Chromium shows them: each kind appears, in the strictest frame."""

import base64
import io
import wave

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import logged_in
from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site
from tests.support.pages.profiles import Profiles

pytestmark = pytest.mark.nightly

COUNT_RED = """async (source) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const { data } = canvas.getImageData(0, 0, image.width, image.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4)
    found += data[at] > 200 && data[at + 1] < 60 && data[at + 2] < 60 ? 1 : 0;
  return found / (image.width * image.height);
}"""
RECORD = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
  const drawing = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm" });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const stopped = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  for (let frame = 0; frame < 25; frame += 1) {
    drawing.fillStyle = frame % 2 ? "red" : "blue";
    drawing.fillRect(0, 0, 64, 64);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  recorder.stop();
  await stopped;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""
PLAYED = """(media) => media.play().then(() => new Promise((resolve) => {
  const look = () => (media.currentTime > 0 ? resolve(true) : setTimeout(look, 50));
  look();
}))"""
# A one-pixel PNG.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def red_pdf() -> bytes:
    """Return a page of red, all of which is a link to another site that a click follows."""
    content = b"1 0 0 rg 0 0 300 200 re f"
    link = b"/Rect[0 0 300 200]/A<</S/URI/URI(https://evil.example/)>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Annots[5 0 R]>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(content), content),
        b"<</Type/Annot/Subtype/Link%b>>" % link,
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj%bendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer<</Size %d/Root 1 0 R>>\n" % (len(objects) + 1))
    out.write(b"startxref\n%d\n%%%%EOF" % table)
    return out.getvalue()


def silence() -> bytes:
    """Return a tenth of a second of silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000))
    return out.getvalue()


@pytest.fixture
def page(page_of: Profiles, site: Site, agency: Agency) -> Page:
    return page_of(agency.host, cookies_of=logged_in(site, agency))


def opened(page: Page, agency: Agency, name: str, data: bytes) -> Locator:
    """Add a file, open its page, and return the preview."""
    file = add_file(agency.owner.at, name, data)
    page.goto(f"/files/{file['id']}")
    return page.locator(".file-preview")


def red_share(page: Page, shown: Locator) -> float:
    """Return the part of an element's picture that is red, from 0 to 1."""
    source = base64.b64encode(shown.screenshot()).decode()
    return float(page.evaluate(COUNT_RED, f"data:image/png;base64,{source}"))


def test_pdf_is_shown_in_a_frame_of_the_store(page: Page, agency: Agency):
    """Chromium refuses PDFs in frames with ``sandbox``, so this frame has none."""
    frame = opened(page, agency, "offer.pdf", red_pdf()).locator("iframe")
    address = page.url

    for _ in range(100):
        if shown := red_share(page, frame) > 0.05:
            break
        page.wait_for_timeout(200)

    assert shown
    assert frame.get_attribute("sandbox") is None
    assert frame.get_attribute("referrerpolicy") == "no-referrer"
    frame.click()  # a link in the file does not replace the page
    page.wait_for_timeout(500)
    assert page.url == address


def test_chromium_shows_no_pdf_in_a_sandbox(page: Page, agency: Agency, allowed_faults: list[str]):
    """When this fails, Chromium has learnt it: give the frame of PDFs the attribute ``sandbox``."""
    allowed_faults += [".*"]
    frame = opened(page, agency, "offer.pdf", red_pdf()).locator("iframe")

    frame.evaluate("""(frame) => {
      frame.sandbox = "allow-scripts allow-same-origin allow-popups allow-forms allow-downloads";
      frame.src = frame.src;
    }""")
    page.wait_for_timeout(3000)

    assert red_share(page, frame) == 0


def test_pdf_opens_in_a_new_tab(page: Page, agency: Agency, allowed_faults: list[str]):
    allowed_faults.append("403.*/favicon.ico")  # the store has none
    preview = opened(page, agency, "offer.pdf", red_pdf())

    with page.context.expect_page() as opening:
        preview.get_by_role("link", name="Open in a new tab").click()

    tab = opening.value
    tab.wait_for_load_state()
    assert tab.url.startswith(f"http://s3.aggios.localhost:{agency.host.port}/")
    assert tab.evaluate("() => [window.opener, document.referrer]") == [None, ""]


def test_text_is_shown_in_a_sandbox_and_runs_nothing(page: Page, agency: Agency):
    text = "Olá\n<b>not bold</b>\n"
    preview = opened(page, agency, "notes.txt", text.encode())

    frame = page.frame_locator(".file-preview iframe")

    expect(frame.locator("body")).to_contain_text("<b>not bold</b>")
    expect(frame.locator("body")).to_contain_text("Olá")
    assert preview.locator("iframe").get_attribute("sandbox") == ""
    assert frame.locator("body").evaluate("() => origin") == "null"


def test_image_is_shown(page: Page, agency: Agency):
    image = opened(page, agency, "logo.png", PNG).locator("img")
    image.scroll_into_view_if_needed()

    page.wait_for_function("() => document.querySelector('.file-preview img').complete")

    assert image.evaluate("(image) => image.naturalWidth") == 1


def test_audio_is_played(page: Page, agency: Agency):
    audio = opened(page, agency, "call.wav", silence()).locator("audio")

    assert audio.evaluate(PLAYED)


def test_video_is_played(page: Page, agency: Agency):
    page.goto("/files")
    data = base64.b64decode(page.evaluate(RECORD))

    video = opened(page, agency, "clip.webm", data).locator("video")

    assert video.evaluate(PLAYED)
    assert video.evaluate("(video) => video.videoWidth") == 64
