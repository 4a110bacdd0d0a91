"""Steps of a support access in tests, over HTTP: staff in the admin, owners at their workspace."""

import httpx

from audit.models import AuditEvent
from staff.models import StaffUser
from tenants.context import tenant_context
from tenants.support_access.models import SupportAccess
from tests.support.browser import TOKEN, Browser
from tests.support.factories import Agency

RIGHTS = ("view_tenant", "add_supportaccess", "view_supportaccess")
REASON = "You wrote that Ida cannot see the folder of May."


def support_path(agency: Agency, section: str = "") -> str:
    """Return the page of the admin about the access to a workspace, or one of its sections."""
    path = f"/admin/tenants/tenant/{agency.ref.id}/support/"
    return f"{path}{section}/" if section else path


def ask(browser: Browser, agency: Agency, **fields: str) -> SupportAccess:
    """Ask for access; return the row."""
    sent = {"verb": "ask", "reason": REASON, "hours": "2", **fields}
    done = browser.submit(support_path(agency), sent)
    assert done.status_code == 302, done.text
    return rows_of(agency)[0]


def give_up(browser: Browser, agency: Agency) -> httpx.Response:
    """End the own request or access."""
    return browser.submit(support_path(agency), {"verb": "give_up"})


def decide(owner: Browser, access: SupportAccess, verb: str, **fields: str) -> httpx.Response:
    """Grant, refuse or end an access as an owner."""
    token = TOKEN.search(owner.get("/logout").text)
    assert token
    path = f"/settings/support/{access.pk}/{verb}"
    return owner.post(path, {"csrfmiddlewaretoken": token[1], **fields})


def grant(owner: Browser, access: SupportAccess, hours: str = "2") -> None:
    """Grant a request as an owner."""
    done = decide(owner, access, "grant", hours=hours)
    assert (done.status_code, done.headers.get("location")) == (
        303,
        "/settings/support?notice=support_granted",
    ), done.text


def can_read(browser: Browser, agency: Agency) -> bool:
    """Tell whether a staff user sees the workspace now. Otherwise the page leads elsewhere."""
    page = browser.get(support_path(agency, "people"))
    assert page.status_code in {200, 302, 403}, page.text
    assert (agency.owner.email in page.text) == (page.status_code == 200)
    return page.status_code == 200


def rows_of(agency: Agency) -> list[SupportAccess]:
    """Return the accesses of a workspace, newest first."""
    return list(SupportAccess.objects.filter(tenant=agency.ref.id))


def steps(agency: Agency) -> list[tuple[str, str, str]]:
    """Return what the workspace's trail says of support, oldest first: action, actor, detail."""
    with tenant_context(agency.ref):
        return _steps(AuditEvent.objects.filter(action__startswith="support."))


def public_steps(agency: Agency) -> list[tuple[str, str, str]]:
    """Return what the platform's trail says of support and the workspace, oldest first."""
    found = AuditEvent.objects.filter(action__startswith="support.", target_id=str(agency.ref.id))
    return _steps(found)


def _steps(events: object) -> list[tuple[str, str, str]]:
    rows = events.order_by("at", "id")  # type: ignore[attr-defined]
    return [
        (e.action, e.actor_label, str(e.details.get("section") or e.details.get("reason", "")))
        for e in rows
    ]


def staff_of(browser: Browser) -> StaffUser:
    """Return the staff user of a browser of the admin."""
    found: StaffUser = browser.staff  # type: ignore[attr-defined]
    return found
