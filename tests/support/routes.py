"""The isolation matrix: every route of every kind of host, its methods, and who may use it.

A route without a row fails the suite. Placeholders are ids of acme's: ``{file}`` of a file,
``{user}`` of Ada, ``{tenant}`` acme's own (tests/structure/test_route_matrix.py fills them in).
"""

from dataclasses import dataclass, field

PUBLIC = "public"
MEMBER = "member"
BROWSER = "browser"  # a page: it needs the cookie of a browser's session
STAFF = "staff"


@dataclass(frozen=True)
class Route:
    """One route as the suite drives it."""

    name: str
    path: str
    methods: str
    who: str = PUBLIC
    served_while_suspended: bool = False
    rights: dict[str, str] = field(default_factory=dict)
    """For staff: the right on tenants that each method takes; none means any staff."""


COMMON = [
    Route("health", "/api/health", "GET", served_while_suspended=True),
    Route("health-live", "/api/health/live", "GET", served_while_suspended=True),
    Route("health-ready", "/api/health/ready", "GET", served_while_suspended=True),
    Route("schema", "/api/schema", "GET"),
    Route("docs", "/api/docs", "GET"),
    Route("robots", "/robots.txt", "GET"),
    Route("favicon", "/favicon.ico", "GET"),
    Route("change-password", "/.well-known/change-password", "GET"),
]
SITE = [
    Route("front", "/", "GET"),
    Route("site-features", "/features", "GET"),
    Route("site-security", "/security", "GET"),
    Route("site-documentation", "/docs", "GET"),
    Route("site-document", "/docs/api", "GET"),
    Route("site-status", "/status", "GET"),
    Route("site-terms", "/terms", "GET"),
    Route("site-privacy", "/privacy", "GET"),
    Route("site-contact", "/contact", "GET"),
    Route("sitemap", "/sitemap.xml", "GET"),
    Route("security-txt", "/.well-known/security.txt", "GET"),
]
OF_A_TENANT = [
    Route("login", "/api/auth/login", "POST"),
    Route("register", "/api/auth/register", "POST"),
    Route("refresh", "/api/auth/refresh", "POST"),
    Route("logout", "/api/auth/logout", "POST"),
    Route("logout-short", "/api/logout", "POST"),
    Route("logout-all", "/api/auth/logout-all", "POST", MEMBER),
    Route("password-forgot", "/api/auth/password/forgot", "POST"),
    Route("password-reset", "/api/auth/password/reset", "POST"),
    Route("email-verify", "/api/auth/email/verify", "POST"),
    Route("email-verification", "/api/auth/email/verification", "POST", MEMBER),
    Route("password-change", "/api/auth/password/change", "POST", MEMBER),
    Route("events", "/api/audit", "GET", MEMBER),
    Route("event", "/api/audit/{audit_event}", "GET", MEMBER),
    Route("prove", "/api/auth/prove", "POST", MEMBER),
    Route("factors", "/api/auth/factors", "GET POST", MEMBER),
    Route("factor", "/api/auth/factors/{factor}", "GET DELETE", MEMBER),
    Route("factor-confirm", "/api/auth/factors/{factor}/confirm", "POST", MEMBER),
    Route("recovery-codes", "/api/auth/recovery-codes", "POST", MEMBER),
    Route("sessions", "/api/auth/sessions", "GET", MEMBER),
    Route("session", "/api/auth/sessions/{session}", "GET DELETE", MEMBER),
    Route("me", "/api/users/me", "GET PUT PATCH", MEMBER),
    Route("me-email", "/api/users/me/email", "POST", MEMBER),
    Route("me-email-confirm", "/api/users/me/email/confirm", "POST"),
    Route("user-sessions", "/api/users/{user}/sessions", "GET DELETE", MEMBER),
    Route("keys", "/api/keys", "GET POST", MEMBER),
    Route("key", "/api/keys/{key}", "GET DELETE", MEMBER),
    Route("invitations", "/api/invitations", "GET POST", MEMBER),
    Route("invitation", "/api/invitations/{invitation}", "GET DELETE", MEMBER),
    Route("invitation-resend", "/api/invitations/{invitation}/resend", "POST", MEMBER),
    Route("own-tenant", "/api/tenant", "GET PATCH DELETE", MEMBER),
    Route("own-domains", "/api/tenant/domains", "GET POST", MEMBER),
    Route("own-domain", "/api/tenant/domains/{domain}", "GET DELETE", MEMBER),
    Route("own-domain-check", "/api/tenant/domains/{domain}/check", "POST", MEMBER),
    Route("users", "/api/users", "GET POST", MEMBER),
    Route("user", "/api/users/{user}", "GET PATCH DELETE", MEMBER),
    Route("me-export", "/api/users/me/export", "GET", MEMBER),
    Route("user-export", "/api/users/{user}/export", "GET", MEMBER),
    Route("user-factors", "/api/users/{user}/factors", "DELETE", MEMBER),
    Route("user-erase", "/api/users/{user}/erase", "POST", MEMBER),
    Route("tenant-transfer", "/api/tenant/transfer", "POST", MEMBER),
    Route("files", "/api/files", "GET POST", MEMBER),
    Route("file-archive", "/api/files/archive", "POST", MEMBER),
    Route("file", "/api/files/{file}", "GET PATCH DELETE", MEMBER),
    Route("file-download", "/api/files/{file}/download", "GET", MEMBER),
    Route("file-content", "/api/files/{file}/content", "GET", MEMBER),
    Route("file-versions", "/api/files/{file}/versions", "GET", MEMBER),
    Route("file-version-restore", "/api/files/{file}/versions/{version}/restore", "POST", MEMBER),
    Route("own-logo", "/api/tenant/logo", "PUT DELETE", MEMBER),
    Route("own-usage", "/api/tenant/usage", "GET", MEMBER),
    Route("trash", "/api/trash", "GET", MEMBER),
    Route("trashed", "/api/trash/{trashed}", "DELETE", MEMBER),
    Route("trashed-restore", "/api/trash/{trashed}/restore", "POST", MEMBER),
    Route("file-shares", "/api/files/{file}/shares", "GET POST", MEMBER),
    Route("shares", "/api/shares", "GET", MEMBER),
    Route("share", "/api/shares/{share}", "GET DELETE", MEMBER),
    Route("uploads", "/api/uploads", "GET POST", MEMBER),
    Route("upload", "/api/uploads/{upload}", "GET DELETE", MEMBER),
    Route("upload-parts", "/api/uploads/{upload}/parts", "POST", MEMBER),
    Route("upload-complete", "/api/uploads/{upload}/complete", "POST", MEMBER),
]
VIEW, ADD, CHANGE, DELETE = "view_tenant", "add_tenant", "change_tenant", "delete_tenant"
OF_ONE = "/api/tenants/{tenant}"


def changing(name: str, path: str) -> Route:
    """A call that changes a tenant."""
    return Route(name, f"{OF_ONE}/{path}", "POST", STAFF, rights={"POST": CHANGE})


STAFF_LOG_IN = [
    Route("staff-login", "/api/auth/login", "POST"),
    Route("staff-logout", "/api/auth/logout", "POST", STAFF),
]
OF_STAFF = [
    Route("tenants", "/api/tenants", "GET POST", STAFF, rights={"GET": VIEW, "POST": ADD}),
    Route(
        "tenant",
        OF_ONE,
        "GET PATCH DELETE",
        STAFF,
        rights={"GET": VIEW, "PATCH": CHANGE, "DELETE": DELETE},
    ),
    Route("tenant-usage", f"{OF_ONE}/usage", "GET", STAFF, rights={"GET": VIEW}),
    Route(
        "tenant-domains",
        f"{OF_ONE}/domains",
        "GET POST",
        STAFF,
        rights={"GET": VIEW, "POST": CHANGE},
    ),
    Route(
        "tenant-domain",
        f"{OF_ONE}/domains/{{domain}}",
        "GET DELETE",
        STAFF,
        rights={"GET": VIEW, "DELETE": CHANGE},
    ),
    changing("tenant-domain-check", "domains/{domain}/check"),
    changing("tenant-suspend", "suspend"),
    changing("tenant-resume", "resume"),
    changing("tenant-cancel-deletion", "cancel-deletion"),
    changing("tenant-rotate-key", "rotate-key"),
]
FILE_PAGES = [
    Route("files-page", "/files", "GET", BROWSER),
    Route("upload-page", "/files/upload", "GET POST", BROWSER),
    Route("trash-selection-page", "/files/trash", "GET POST", BROWSER),
    Route("move-page", "/files/move", "GET POST", BROWSER),
    Route("archive-page", "/files/archive", "GET POST", BROWSER),
    Route("rename-folder-page", "/files/folder/rename", "GET POST", BROWSER),
    Route("file-page", "/files/{file}", "GET", BROWSER),
    Route("preview-page", "/files/{file}/preview", "GET", BROWSER),
    Route("download-page", "/files/{file}/download", "GET", BROWSER),
    Route("rename-file-page", "/files/{file}/rename", "GET POST", BROWSER),
    Route("restore-version-page", "/files/{file}/versions/{version}/restore", "GET POST", BROWSER),
    Route("trash-page", "/trash", "GET", BROWSER),
    Route("restore-page", "/trash/restore", "GET POST", BROWSER),
    Route("purge-page", "/trash/purge", "GET POST", BROWSER),
    Route("empty-trash-page", "/trash/empty", "GET POST", BROWSER),
]
OWN_PAGES = [
    Route("my-account", "/me", "GET POST", BROWSER),
    Route("my-email", "/me/email", "GET POST", BROWSER),
    Route("my-password", "/me/password", "GET POST", BROWSER),
    Route("my-second-factor", "/me/security", "GET", BROWSER),
    Route("my-second-factor-add", "/me/security/add", "GET POST", BROWSER),
    Route("my-recovery-codes", "/me/security/codes", "GET POST", BROWSER),
    Route("my-second-factor-remove", "/me/security/remove", "GET POST", BROWSER),
    Route("my-sessions", "/me/sessions", "GET", BROWSER),
    Route("my-sessions-end-others", "/me/sessions/end-others", "GET POST", BROWSER),
    Route("my-session-end", "/me/sessions/{session}/end", "GET POST", BROWSER),
    Route("my-data", "/me/export", "GET POST", BROWSER),
    Route("my-leave", "/me/leave", "GET POST", BROWSER),
]
OF_INVITATION = "/people/invitations/{invitation}"
PEOPLE_PAGES = [
    Route("people", "/people", "GET", BROWSER),
    Route("person-invite", "/people/invite", "GET POST", BROWSER),
    Route("people-invite-many", "/people/invite/many", "GET POST", BROWSER),
    Route("people-invite-link", "/people/invite/link", "GET POST", BROWSER),
    Route("people-invitations", "/people/invitations", "GET", BROWSER),
    Route("invitation-resend-page", f"{OF_INVITATION}/resend", "GET POST", BROWSER),
    Route("invitation-revoke-page", f"{OF_INVITATION}/revoke", "GET POST", BROWSER),
    Route("person", "/people/{user}", "GET", BROWSER),
    Route("person-export", "/people/{user}/export", "GET POST", BROWSER),
    Route("person-name", "/people/{user}/name", "GET POST", BROWSER),
    Route("person-address", "/people/{user}/address", "GET POST", BROWSER),
    Route("person-role", "/people/{user}/role", "GET POST", BROWSER),
    Route("person-end-sessions", "/people/{user}/end-sessions", "GET POST", BROWSER),
    Route("person-reset-second-factor", "/people/{user}/reset-second-factor", "GET POST", BROWSER),
    Route("person-deactivate", "/people/{user}/deactivate", "GET POST", BROWSER),
    Route("person-reactivate", "/people/{user}/reactivate", "GET POST", BROWSER),
    Route("person-remove", "/people/{user}/remove", "GET POST", BROWSER),
    Route("person-erase", "/people/{user}/erase", "GET POST", BROWSER),
]
ROUTES = {
    "apex": [
        *SITE,
        Route("sign-up-page", "/signup", "GET POST"),
        Route("signed-up", "/signup/done", "GET"),
        Route("error-code", "/errors/not_found", "GET"),
        Route("sign-up", "/api/auth/register", "POST"),
        *STAFF_LOG_IN,
        *OF_STAFF,
        *COMMON,
    ],
    "dash": [
        Route("find-workspace", "/", "GET"),
        Route("mail-workspaces", "/find", "GET POST"),
        *COMMON,
    ],
    "admin": [Route("admin-front", "/", "GET"), *STAFF_LOG_IN, *OF_STAFF, *COMMON],
    "tenant": [
        Route("workspace", "/", "GET"),
        Route("hide-checklist", "/checklist", "GET POST"),
        Route("login-page", "/login", "GET POST"),
        Route("login-ticket-page", "/login/ticket", "GET POST"),
        Route("logout-page", "/logout", "GET POST"),
        Route("reauthenticate-page", "/reauthenticate", "GET POST"),
        Route("settings-general", "/settings", "GET POST", BROWSER),
        Route("settings-branding", "/settings/branding", "GET POST", BROWSER),
        Route("settings-logo", "/settings/logo", "POST", BROWSER),
        Route("logo", "/logo", "GET"),
        Route("theme", "/theme.css", "GET"),
        Route("settings-sign-in", "/settings/sign-in", "GET POST", BROWSER),
        Route("settings-domains", "/settings/domains", "GET POST", BROWSER),
        Route("settings-domain-check", "/settings/domains/{domain}/check", "POST", BROWSER),
        Route("settings-domain", "/settings/domains/{domain}/remove", "GET POST", BROWSER),
        Route("settings-keys", "/settings/keys", "GET", BROWSER),
        Route("settings-key-new", "/settings/keys/new", "GET POST", BROWSER),
        Route("settings-key-revoke", "/settings/keys/{key}/revoke", "GET POST", BROWSER),
        Route("settings-usage", "/settings/usage", "GET", BROWSER),
        Route("settings-support", "/settings/support", "GET", BROWSER),
        Route(
            "settings-support-grant",
            "/settings/support/{support_request}/grant",
            "GET POST",
            BROWSER,
        ),
        Route(
            "settings-support-refuse", "/settings/support/{support_request}/refuse", "POST", BROWSER
        ),
        Route("settings-support-end", "/settings/support/{support_request}/end", "POST", BROWSER),
        Route("settings-ownership", "/settings/ownership", "GET POST", BROWSER),
        Route("settings-delete", "/settings/delete", "GET POST", BROWSER),
        Route("audit", "/audit", "GET", BROWSER),
        Route("audit-export", "/audit.csv", "GET", BROWSER),
        Route("links", "/links", "GET", BROWSER),
        Route("link-revoke", "/links/{share}/revoke", "GET POST", BROWSER),
        Route("file-share", "/files/{file}/share", "GET POST", BROWSER),
        Route("language-page", "/language", "GET POST"),
        Route("register-page", "/register", "GET POST"),
        Route("forgot-password-page", "/password/forgot", "GET POST"),
        Route("email-unverified", "/email/unverified", "GET POST"),
        *OWN_PAGES,
        *PEOPLE_PAGES,
        Route("join-page", "/join", "GET POST"),
        Route("password-reset-page", "/password/reset", "GET POST"),
        Route("email-verify-page", "/email/verify", "GET POST"),
        Route("email-change-page", "/email/change", "GET POST"),
        Route("share-page", "/s/{share_token}", "GET POST"),
        *FILE_PAGES,
        *OF_A_TENANT,
        *COMMON,
    ],
    "api": [*OF_A_TENANT, *OF_STAFF, *COMMON],
}
