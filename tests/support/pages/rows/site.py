"""The public site, dash., and the admin."""

from tests.support.pages.rows.row import STAFF, PageRow
from tests.support.pages.rows.steps import (
    ask_for_the_list,
    ask_without_an_address,
    submit,
    submit_without_cookies,
)

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
ADMIN = [
    PageRow("admin-front", "admin", "/", "admin-front", status=302),
    PageRow("admin-login", "admin", "/admin/login/", parameters=("next",)),
    PageRow("admin-home", "admin", "/admin/", who=STAFF),
    PageRow("admin-tenants", "admin", "/admin/tenants/tenant/", who=STAFF, parameters=("q", "o")),
    PageRow("admin-tenant", "admin", "/admin/tenants/tenant/{tenant}/change/", who=STAFF),
    PageRow("admin-tenant-add", "admin", "/admin/tenants/tenant/add/", who=STAFF),
    PageRow("admin-events", "admin", "/admin/audit/auditevent/", who=STAFF, parameters=("q", "o")),
    PageRow("admin-staff", "admin", "/admin/staff/staffuser/", who=STAFF, parameters=("q", "o")),
    PageRow("admin-support", "admin", "/admin/tenants/tenant/{tenant}/support/", who=STAFF),
    PageRow(
        "admin-support-section",
        "admin",
        "/admin/tenants/tenant/{tenant}/support/people/",
        status=302,
        who=STAFF,
    ),
    PageRow("admin-second-factor", "admin", "/admin/second-factor/", who=STAFF),
    PageRow("admin-not-found", "admin", "/nothing", status=404),
]
