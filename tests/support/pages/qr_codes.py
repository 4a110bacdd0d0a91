"""QR codes, read from the screen as a phone reads them."""

from io import BytesIO

from playwright.sync_api import Locator


def text_of_qr_code(shown: Locator) -> str:
    """Return the text of a QR code on a page."""
    import zxingcpp
    from PIL import Image

    found = zxingcpp.read_barcode(Image.open(BytesIO(shown.screenshot())))
    assert found, "no QR code can be read"
    return found.text
