"""Every page, as tests and screenshots open it. A page without a row fails the suite.

A new page needs a row here. Its path may have placeholders: names of functions in ``MAKERS``
(tests/support/pages/page_objects.py). tests/browser/test_every_page.py and
tests/pages/test_hostile_pages.py open each row, and so does scripts/screenshots.sh.
"""

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


def submit(page: "Page") -> None:
    """Send the form of the page as it is."""
    page.locator("main [type=submit]").first.click()
    page.wait_for_load_state()


def open_upload_menu(page: "Page") -> None:
    """Open the menu from which files are uploaded."""
    page.locator("#upload-menu > summary").click()


def submit_without_cookies(page: "Page") -> None:
    """Send the form after its cookie has expired."""
    page.context.clear_cookies()
    submit(page)


def ask_for_the_list(page: "Page") -> None:
    """Ask on dash. for the list of workspaces of an address."""
    page.locator("[name=email]").fill("olga@initech.test")
    ask_without_an_address(page)


def ask_without_an_address(page: "Page") -> None:
    """Send the form for the list of workspaces as it is."""
    page.locator("form[method=post] [type=submit]").click()
    page.wait_for_load_state()


# Routes of small files and redirects for programs, on several hosts (pages/site/well_known.py).
FILES_FOR_PROGRAMS = {
    "audit-export",
    "change-password",
    "favicon",
    "robots",
    "security-txt",
    "sitemap",
}


def check_list(page: "Page") -> None:
    """Send a list of addresses with good and bad lines."""
    lines = "Nia <nia@pages.test>\nno address\nnia@pages.test\nbo@pages.test"
    page.locator("textarea").fill(lines)
    submit(page)


APEX = [
    PageRow("front", "apex", "/", "front"),
    PageRow("features", "apex", "/features", "site-features"),
    PageRow("security", "apex", "/security", "site-security"),
    PageRow("documentation", "apex", "/docs", "site-documentation", parameters=("q",)),
    PageRow("documentation-results", "apex", "/docs?q=session", "site-documentation"),
    PageRow("documentation-nothing", "apex", "/docs?q=qqzz", "site-documentation"),
    PageRow("document", "apex", "/docs/security", "site-document"),
    PageRow("document-code", "apex", "/docs/api", "site-document"),
    PageRow("document-unknown", "apex", "/docs/nothing", "site-document", status=404),
    PageRow("status", "apex", "/status", "site-status"),
    PageRow("terms", "apex", "/terms", "site-terms"),
    PageRow("privacy", "apex", "/privacy", "site-privacy"),
    PageRow("contact", "apex", "/contact", "site-contact"),
    PageRow("signup", "apex", "/signup", "sign-up-page"),
    PageRow("signup-errors", "apex", "/signup", "sign-up-page", then=submit),
    PageRow("form-expired", "apex", "/signup", then=submit_without_cookies),
    PageRow("signed-up", "apex", "/signup/done?opened={opened}", "signed-up"),
    PageRow("error-code", "apex", "/errors/file_too_large", "error-code"),
    PageRow("api-docs", "apex", "/api/docs", is_swagger_ui=True, language="en"),
    PageRow("not-found", "apex", "/nothing", status=404),
]
DASH = [
    PageRow("find", "dash", "/", "find-workspace", parameters=("workspace",)),
    PageRow("find-unknown", "dash", "/?workspace=nobody-here", "find-workspace", status=404),
    PageRow("find-by-email", "dash", "/find", "mail-workspaces"),
    PageRow("find-by-email-sent", "dash", "/", "mail-workspaces", then=ask_for_the_list),
    PageRow("find-by-email-errors", "dash", "/", "mail-workspaces", then=ask_without_an_address),
]
FILES = [
    PageRow("files-empty", "tenant", "/files", "files-page", who=MEMBER),
    PageRow(
        "files",
        "tenant",
        "/files",
        "files-page",
        needs=("file",),
        who=OWNER,
        parameters=("path", "search", "kind", "person", "since", "sort", "cursor", "view"),
    ),
    PageRow("files-grid", "tenant", "/files?view=grid", "files-page", needs=("file",), who=OWNER),
    PageRow("files-folder", "tenant", "/files?path=empty/", "files-page", who=OWNER),
    PageRow(
        "files-found", "tenant", "/files?search=offer", "files-page", needs=("file",), who=OWNER
    ),
    PageRow("files-not-found", "tenant", "/files?search=qqzz", "files-page", who=OWNER),
    PageRow("files-menu", "tenant", "/files", needs=("file",), who=OWNER, then=open_upload_menu),
    PageRow("file", "tenant", "/files/{file}", "file-page", who=OWNER),
    PageRow("file-unknown", "tenant", f"/files/{UNKNOWN_ID}", who=OWNER, status=404),
    PageRow("file-rename", "tenant", "/files/{file}/rename", "rename-file-page", who=OWNER),
    PageRow(
        "file-preview",
        "tenant",
        "/files/{file}/preview",
        "preview-page",
        who=OWNER,
        status=302,
        is_framed=True,
        parameters=("version",),
    ),
    PageRow(
        "file-download",
        "tenant",
        "/files/{file}/download",
        "download-page",
        who=OWNER,
        status=302,
        parameters=("version",),
    ),
    PageRow(
        "version-restore",
        "tenant",
        "/files/{file}/versions/1/restore",
        "restore-version-page",
        who=OWNER,
        status=302,
    ),
    PageRow(
        "folder-rename",
        "tenant",
        "/files/folder/rename?path=drafts/",
        "rename-folder-page",
        needs=("drafted",),
        who=OWNER,
    ),
    PageRow("upload", "tenant", "/files/upload", "upload-page", who=OWNER, status=302),
    PageRow("trash-files", "tenant", "/files/trash", "trash-selection-page", who=OWNER, status=302),
    PageRow("move", "tenant", "/files/move", "move-page", who=OWNER, status=302),
    PageRow("archive", "tenant", "/files/archive", "archive-page", who=OWNER, status=302),
    PageRow("restore", "tenant", "/trash/restore", "restore-page", who=OWNER, status=302),
    PageRow("purge", "tenant", "/trash/purge", "purge-page", who=OWNER, status=302),
    PageRow("trash", "tenant", "/trash", "trash-page", needs=("trashed",), who=OWNER),
    PageRow("trash-empty", "tenant", "/trash", "trash-page", who=MEMBER),
    PageRow("trash-question", "tenant", "/trash/empty", "empty-trash-page", who=OWNER),
]
TENANT = [
    PageRow("workspace", "tenant", "/", "workspace"),
    PageRow(
        "home", "tenant", "/", "workspace", who=OWNER, shows_visitors=True, parameters=("notice",)
    ),
    PageRow("home-member", "tenant", "/", "workspace", who=MEMBER, shows_visitors=True),
    PageRow("hide-checklist", "tenant", "/checklist", "hide-checklist", status=303, who=OWNER),
    PageRow("language", "tenant", "/language", "language-page", status=303, who=OWNER),
    PageRow("login", "tenant", "/login", "login-page", parameters=("next", "ended", "notice")),
    PageRow("login-errors", "tenant", "/login", "login-page", then=submit),
    PageRow("login-ticket", "tenant", "/login/ticket", "login-ticket-page", status=303),
    PageRow("forgot", "tenant", "/password/forgot", "forgot-password-page"),
    PageRow("forgot-errors", "tenant", "/password/forgot", "forgot-password-page", then=submit),
    PageRow("forgot-mailed", "tenant", "/password/forgot?notice=mailed"),
    PageRow("register-closed", "tenant", "/register", "register-page", status=403),
    PageRow("register", "open", "/register", "register-page"),
    PageRow("register-errors", "open", "/register", "register-page", then=submit),
    PageRow(
        "unverified",
        "tenant",
        "/email/unverified",
        "email-unverified",
        who=OWNER,
        parameters=("next", "notice"),
    ),
    PageRow("logout", "tenant", "/logout", "logout-page", who=OWNER),
    PageRow(
        "reauthenticate",
        "tenant",
        "/reauthenticate",
        "reauthenticate-page",
        who=OWNER,
        parameters=("next",),
    ),
    PageRow("not-found-member", "tenant", "/nothing", status=404, who=MEMBER),
    PageRow("join", "tenant", "/join?token={invitation}", "join-page"),
    PageRow("join-errors", "tenant", "/join?token={invitation}", "join-page", then=submit),
    PageRow("join-link", "tenant", "/join?token={invitation_link}", "join-page"),
    PageRow("join-void", "tenant", "/join?token=x", "join-page", status=403),
    PageRow("reset", "tenant", "/password/reset?token=x", "password-reset-page"),
    PageRow(
        "reset-errors", "tenant", "/password/reset?token=x", "password-reset-page", then=submit
    ),
    PageRow("verify", "tenant", "/email/verify?token=x", "email-verify-page"),
    PageRow("change-address", "tenant", "/email/change?token=x", "email-change-page"),
    PageRow(
        "share-password", "tenant", "/s/{share_with_password}", "share-page", checks_csrf=False
    ),
    PageRow("settings", "tenant", "/settings", "settings-general", who=OWNER),
    PageRow("settings-sign-in", "tenant", "/settings/sign-in", "settings-sign-in", who=OWNER),
    PageRow("settings-domains", "tenant", "/settings/domains", "settings-domains", who=OWNER),
    PageRow(
        "settings-domain",
        "tenant",
        "/settings/domains/{domain}/remove",
        "settings-domain",
        who=OWNER,
    ),
    PageRow(
        "settings-domain-check",
        "tenant",
        "/settings/domains/{domain}/check",
        "settings-domain-check",
        status=405,
        who=OWNER,
    ),
    PageRow("settings-keys", "tenant", "/settings/keys", "settings-keys", who=OWNER),
    PageRow("settings-key-new", "tenant", "/settings/keys/new", "settings-key-new", who=OWNER),
    PageRow(
        "settings-key-errors",
        "tenant",
        "/settings/keys/new",
        "settings-key-new",
        who=OWNER,
        then=submit,
    ),
    PageRow(
        "settings-key-revoke",
        "tenant",
        "/settings/keys/{key}/revoke",
        "settings-key-revoke",
        who=OWNER,
    ),
    PageRow("settings-usage", "tenant", "/settings/usage", "settings-usage", who=OWNER),
    PageRow("settings-ownership", "tenant", "/settings/ownership", "settings-ownership", who=OWNER),
    PageRow("settings-delete", "tenant", "/settings/delete", "settings-delete", who=OWNER),
    PageRow(
        "audit",
        "tenant",
        "/audit",
        "audit",
        who=OWNER,
        parameters=("action", "actor", "after", "before", "page"),
    ),
    PageRow("links", "tenant", "/links", "links", who=OWNER, parameters=("before", "created")),
    PageRow("link-revoke", "tenant", "/links/{share}/revoke", "link-revoke", who=OWNER),
    PageRow("file-share", "tenant", "/files/{file}/share", "file-share", who=OWNER),
    PageRow(
        "share",
        "tenant",
        "/s/{share_token}",
        "share-page",
        parameters=("download",),
        checks_csrf=False,
    ),
    PageRow("share-wrong", "tenant", "/s/{share_with_password}", "share-page", then=submit),
    PageRow("share-unknown", "tenant", "/s/unknown", "share-page", status=404, checks_csrf=False),
    *FILES,
    PageRow("workspace-not-found", "tenant", "/nothing", status=404),
    PageRow("suspended", "suspended", "/", "workspace", status=403),
    PageRow("no-workspace", "unknown", "/", status=404),
]
OWN = [
    PageRow("me", "tenant", "/me", "my-account", who=OWNER, parameters=("notice",)),
    PageRow("me-member", "tenant", "/me", "my-account", who=MEMBER),
    PageRow("my-email", "tenant", "/me/email", "my-email", who=OWNER),
    PageRow("my-email-errors", "tenant", "/me/email", "my-email", who=OWNER, then=submit),
    PageRow("my-password", "tenant", "/me/password", "my-password", who=OWNER),
    PageRow("my-password-errors", "tenant", "/me/password", "my-password", who=OWNER, then=submit),
    PageRow("second-factor-off", "tenant", "/me/security", "my-second-factor", who=OWNER),
    PageRow("second-factor-on", "tenant", "/me/security", "my-second-factor", who=ENROLLED),
    PageRow("second-factor-add", "tenant", "/me/security/add", "my-second-factor-add", who=OWNER),
    PageRow(
        "second-factor-qr",
        "tenant",
        "/me/security/add",
        "my-second-factor-add",
        who=MEMBER,
        then=submit,
    ),
    PageRow(
        "second-factor-remove",
        "tenant",
        "/me/security/remove",
        "my-second-factor-remove",
        who=ENROLLED,
    ),
    PageRow(
        "recovery-codes-renew",
        "tenant",
        "/me/security/codes",
        "my-recovery-codes",
        who=ENROLLED,
    ),
    PageRow(
        "recovery-codes",
        "tenant",
        "/me/security/codes",
        "my-recovery-codes",
        who=ENROLLED,
        then=submit,
    ),
    PageRow("my-sessions", "tenant", "/me/sessions", "my-sessions", who=OWNER),
    PageRow(
        "my-sessions-end-others",
        "tenant",
        "/me/sessions/end-others",
        "my-sessions-end-others",
        302,
        OWNER,
    ),
    PageRow(
        "my-session-end",
        "tenant",
        "/me/sessions/00000000-0000-7000-8000-000000000000/end",
        "my-session-end",
        302,
        OWNER,
    ),
    PageRow("my-data", "tenant", "/me/export", "my-data", who=MEMBER),
    PageRow("my-leave", "tenant", "/me/leave", "my-leave", who=MEMBER),
    PageRow("my-leave-last-owner", "tenant", "/me/leave", "my-leave", who=OWNER),
]
FILTERS = ("search", "role", "state", "sort", "cursor", "limit")
PEOPLE = [
    PageRow("people", "tenant", "/people", "people", who=OWNER, parameters=FILTERS),
    PageRow("people-none", "tenant", "/people?search=qqzz", "people", who=OWNER),
    PageRow("people-forbidden", "tenant", "/people", "people", 403, MEMBER),
    PageRow("invite", "tenant", "/people/invite", "person-invite", who=OWNER),
    PageRow("invite-errors", "tenant", "/people/invite", "person-invite", who=OWNER, then=submit),
    PageRow("invite-many", "tenant", "/people/invite/many", "people-invite-many", who=OWNER),
    PageRow(
        "invite-many-check",
        "tenant",
        "/people/invite/many",
        "people-invite-many",
        who=OWNER,
        then=check_list,
    ),
    PageRow("invite-link", "tenant", "/people/invite/link", "people-invite-link", who=OWNER),
    PageRow(
        "invite-link-made",
        "tenant",
        "/people/invite/link",
        "people-invite-link",
        who=OWNER,
        then=submit,
    ),
    PageRow(
        "invitations",
        "tenant",
        "/people/invitations",
        "people-invitations",
        who=OWNER,
        parameters=("state", "cursor", "limit"),
    ),
    PageRow(
        "invitation-resend",
        "tenant",
        "/people/invitations/{open_invitation}/resend",
        "invitation-resend-page",
        who=OWNER,
    ),
    PageRow(
        "invitation-revoke",
        "tenant",
        "/people/invitations/{open_invitation}/revoke",
        "invitation-revoke-page",
        who=OWNER,
    ),
    PageRow("person", "tenant", "/people/{person}", "person", who=OWNER),
    *(
        PageRow(
            f"person-{name}", "tenant", f"/people/{{person}}/{name}", f"person-{name}", 200, OWNER
        )
        for name in (
            *("export", "name", "address", "role", "end-sessions", "reset-second-factor"),
            *("deactivate", "reactivate", "remove", "erase"),
        )
    ),
    PageRow(
        "person-erase-errors",
        "tenant",
        "/people/{person}/erase",
        "person-erase",
        who=OWNER,
        then=submit,
    ),
]
ADMIN = [
    PageRow("admin-front", "admin", "/", "admin-front", status=302),
    PageRow("admin-login", "admin", "/admin/login/", parameters=("next",)),
    PageRow("admin-home", "admin", "/admin/", who=STAFF),
    PageRow("admin-tenants", "admin", "/admin/tenants/tenant/", who=STAFF, parameters=("q", "o")),
    PageRow("admin-tenant", "admin", "/admin/tenants/tenant/{tenant}/change/", who=STAFF),
    PageRow("admin-second-factor", "admin", "/admin/second-factor/", who=STAFF),
    PageRow("admin-not-found", "admin", "/nothing", status=404),
]
PAGES = [*APEX, *DASH, *TENANT, *OWN, *PEOPLE, *ADMIN]
