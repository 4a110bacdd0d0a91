"""A page in one state, as tests and screenshots open it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

PUBLIC = "public"
MEMBER = "member"
OWNER = "owner"
STAFF = "staff"
ENROLLED = "enrolled"
"""A member with a second factor."""


UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class PageRow:
    """One page in one state."""

    name: str
    """Names the test and the screenshot."""
    kind: str
    """The host: apex, dash, admin, tenant, open or suspended (tenants), or unknown (no tenant)."""
    path: str
    route: str = ""
    """The name of the route in tests/support/routes.py; empty for error pages and the admin."""
    status: int = 200
    """The status of its GET. A redirect has no screenshot."""
    who: str = PUBLIC
    """Who opens it. Without a log-in, other pages than public ones must refuse or redirect."""
    shows_visitors: bool = False
    """Visitors see another page at the address, without the navigation."""
    parameters: tuple[str, ...] = ()
    """The query parameters that the page reads, besides those of the path."""
    is_swagger_ui: bool = False
    """It needs JavaScript, and has colours and nested buttons of its own that axe refuses."""
    needs: tuple[str, ...] = ()
    """Objects that must exist: names of functions in ``MAKERS``."""
    is_framed: bool = False
    """Pages of its own origin may frame it."""
    checks_csrf: bool = True
    """False for a page that ignores cookies: its forms need no token (pages/shares.py)."""
    language: str = ""
    """The language of a page that has only one."""
    then: "Callable[[Page], None] | None" = None
    """What to do in the page before it is looked at, for a state that no address shows."""

    @property
    def is_redirect(self) -> bool:
        """Tell whether the address answers with a redirect."""
        return 300 <= self.status < 400
