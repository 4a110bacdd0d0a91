"""Home, log-in and registration of a workspace."""

from tests.support.pages.rows.row import MEMBER, OWNER, PageRow
from tests.support.pages.rows.steps import submit

SIGN_IN = [
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
    PageRow("workspace-not-found", "tenant", "/nothing", status=404),
    PageRow("suspended", "suspended", "/", "workspace", status=403),
    PageRow("no-workspace", "unknown", "/", status=404),
]
