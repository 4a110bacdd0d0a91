"""What people do in the pages of a workspace, the same with and without a mouse and JavaScript."""

from pathlib import Path

from playwright.sync_api import expect

from tests.support.http_client import PASSWORD
from tests.support.pages.chromium import TIMEOUT_MILLISECONDS
from tests.support.pages.visitors import Visitor

AGENCY = "Três Páginas"


def sign_up(visitor: Visitor, slug: str) -> None:
    """Open a workspace from the front page and arrive in it; the owner is Ada."""
    visitor.page.goto("/")
    visitor.press("link", "Open a workspace")
    visitor.fill_all(
        {
            "Agency": AGENCY,
            "Address of the workspace": slug,
            "First name": "Ada",
            "E-mail address": f"ada@{slug}.test",
            "Password": PASSWORD,
        }
    )
    visitor.press("button", "Open the workspace")
    if not visitor.has_scripts:
        visitor.press("button", "Go to your workspace")
    at_home(visitor, "Ada")


def at_home(visitor: Visitor, first_name: str) -> None:
    """Wait until the visitor is logged in and sees the first page."""
    visitor.sees_heading(visitor.text("Hello, %(name)s") % {"name": first_name})


def invite(visitor: Visitor, email: str) -> None:
    """Invite a colleague as a member, from the first steps."""
    visitor.press("link", "Invite your colleagues")
    visitor.press("link", "Invite people")
    visitor.fill("E-mail address", email)
    visitor.press("button", "Send the invitation")
    visitor.sees("The invitation is on its way.")


def join(visitor: Visitor, link: str, first_name: str) -> None:
    """Open the link of an invitation, register and arrive in the workspace."""
    visitor.page.goto(link)
    visitor.fill_all({"First name": first_name, "Password": PASSWORD})
    visitor.press("button", "Join")
    at_home(visitor, first_name)


def upload(visitor: Visitor, path: Path) -> None:
    """Go to the files and upload one there."""
    visitor.press("link", "Upload")
    visitor.press("menu", "Upload")
    if visitor.has_scripts:
        visitor.choose_file("Files…", path)
        sees_uploaded(visitor)
    else:
        visitor.choose_file("A file", path)
        visitor.press("button", "Upload")
        visitor.sees("The file is uploaded.")


def sees_uploaded(visitor: Visitor, milliseconds: float = TIMEOUT_MILLISECONDS) -> None:
    """Wait until the queue says that its only file is uploaded."""
    text = visitor.text("{done} of {total} uploaded").format(done=1, total=1)
    expect(visitor.page.get_by_text(text)).to_be_visible(timeout=milliseconds)


def share(visitor: Visitor, name: str, password: str) -> str:
    """Make a link with a password to a file of the list, and return the link."""
    visitor.press("link", name)
    visitor.press("link", "Share")
    visitor.fill("Password", password)
    visitor.press("button", "Create the link")
    visitor.sees("The link is ready. Copy it and send it to the recipient.")
    return visitor.find("field", "Link").first.input_value()


def revoke(visitor: Visitor, name: str) -> None:
    """Revoke the link to a file."""
    visitor.press("link", "Links")
    visitor.find("link", "Revoke").filter(has_text=name).click()
    visitor.press("button", "Revoke the link")
    visitor.sees("The link is revoked. It opens nothing any more.")


def log_in(visitor: Visitor, email: str, password: str = PASSWORD) -> None:
    """Fill in the log-in page and send it."""
    visitor.page.goto("/login")
    visitor.fill("E-mail address", email)
    visitor.fill("Password", password)
    visitor.press("button", "Log in")


def log_out(visitor: Visitor) -> None:
    """Log out by the own menu."""
    visitor.press("menu", "Your menu")
    visitor.press("button", "Log out")
    visitor.sees("You have logged out.")
