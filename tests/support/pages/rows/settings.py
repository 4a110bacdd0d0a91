"""Settings and the audit trail of a workspace."""

from tests.support.pages.rows.row import OWNER, PageRow
from tests.support.pages.rows.steps import submit

SETTINGS = [
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
    PageRow(
        "settings-support",
        "tenant",
        "/settings/support",
        "settings-support",
        who=OWNER,
        needs=("support_request", "support_access"),
    ),
    PageRow(
        "settings-support-grant",
        "tenant",
        "/settings/support/{support_request}/grant",
        "settings-support-grant",
        who=OWNER,
    ),
    PageRow(
        "settings-support-refuse",
        "tenant",
        "/settings/support/{support_request}/refuse",
        "settings-support-refuse",
        status=405,
        who=OWNER,
    ),
    PageRow(
        "settings-support-end",
        "tenant",
        "/settings/support/{support_request}/end",
        "settings-support-end",
        status=405,
        who=OWNER,
    ),
    PageRow("settings-ownership", "tenant", "/settings/ownership", "settings-ownership", who=OWNER),
    PageRow("settings-delete", "tenant", "/settings/delete", "settings-delete", who=OWNER),
    PageRow(
        "audit",
        "tenant",
        "/audit",
        "audit",
        who=OWNER,
        parameters=("action", "actor", "after", "before", "cursor", "limit"),
    ),
]
