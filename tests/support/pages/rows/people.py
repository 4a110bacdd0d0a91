"""People and invitations of a workspace, and a person's own account."""

from tests.support.pages.rows.row import ENROLLED, MEMBER, OWNER, PageRow
from tests.support.pages.rows.steps import check_list, submit

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
