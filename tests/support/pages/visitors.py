"""People at a page in Chromium, with a mouse or a keyboard: they find things by role and label."""

import re
from pathlib import Path
from typing import Any, Self

from django.utils.translation import gettext, override
from playwright.sync_api import FileChooser, Locator, Page, expect

from tests.support.http_client import Host
from tests.support.pages.focus import assert_focus_is_visible
from tests.support.pages.profiles import Profiles

# More elements than any page has.
MOST_TABS = 150


class Visitor:
    """A visitor with a mouse, who reads one language. Names are the English texts of the pages."""

    def __init__(self, page: Page, *, language: str = "en", has_scripts: bool = True) -> None:
        self.page = page
        self.language = language
        self.has_scripts = has_scripts

    @classmethod
    def at(cls, page_of: Profiles, host: Host, **options: Any) -> Self:
        """Return a visitor with a new profile; ``options`` are those of the fixture ``page_of``."""
        return cls(
            page_of(host, **options),
            language=options.get("language", "en"),
            has_scripts=options.get("javascript", True),
        )

    def text(self, name: str) -> str:
        """Return a text of the pages in the visitor's language."""
        with override(self.language):
            return gettext(name)

    def find(self, role: Any, name: str) -> Locator:
        """Return the visible elements of a role; ``name`` is a text of the pages or a part of one.

        The role "menu" is a <summary>, which has none in ARIA; "field" is found by its label.
        """
        text = self.text(name)
        if role == "menu":
            return self.page.locator("summary").filter(has_text=text, visible=True)
        if role == "field":
            return self._labelled(text).filter(visible=True)
        return self.page.get_by_role(role, name=text).filter(visible=True)

    def press(self, role: Any, name: str) -> None:
        """Press a link, a button or a menu, the first one of that name."""
        self.find(role, name).first.click()

    def fill(self, name: str, value: str) -> None:
        """Fill in a field."""
        self.find("field", name).fill(value)

    def fill_all(self, values: dict[str, str]) -> None:
        """Fill in fields in the order in which they stand."""
        for name, value in values.items():
            self.fill(name, value)

    def choose_file(self, name: str, path: Path) -> None:
        """Choose a file with the input of that label."""
        with self.page.expect_file_chooser() as chooser:
            self._open_chooser(name)
        found: FileChooser = chooser.value
        found.set_files(path)

    def sees(self, name: str) -> None:
        """Wait until a text of the pages is shown."""
        self.sees_exactly(self.text(name))

    def sees_exactly(self, text: str) -> None:
        """Wait until a text is shown."""
        expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    def sees_heading(self, text: str) -> None:
        """Wait until a page with this heading is shown."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def _labelled(self, text: str) -> Locator:
        optional = re.escape(f"({self.text('optional')})")
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(text)}\s*({optional})?\s*$"))

    def _open_chooser(self, name: str) -> None:
        self.page.locator("label").filter(has_text=self.text(name)).click()


class KeyboardVisitor(Visitor):
    """A visitor with a keyboard alone: Tab, Enter and Space. The focus must always be visible."""

    def press(self, role: Any, name: str) -> None:
        """Reach an element with Tab and press Enter."""
        self._tab_to(self.find(role, name))
        self.page.keyboard.press("Space" if role == "menu" else "Enter")

    def fill(self, name: str, value: str) -> None:
        """Reach a field with Tab and type."""
        self._tab_to(self.find("field", name))
        self.page.keyboard.type(value)

    def _open_chooser(self, name: str) -> None:
        # The input is hidden behind its label, so that it is not visible itself.
        self._tab_to(self._labelled(self.text(name)))
        self.page.keyboard.press("Space")

    def _tab_to(self, wanted: Locator) -> None:
        expect(wanted.first).to_be_attached()
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            assert_focus_is_visible(self.page)
            if wanted.evaluate_all("found => found.includes(document.activeElement)"):
                return
        raise AssertionError(f"{wanted} cannot be reached with Tab")
