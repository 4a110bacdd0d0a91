"""Suspension: confirmed first, applied at the next request in every process."""

from tests.admin.test_tenants import LIST, tenants_at, token_of
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.staff_audit import assert_recorded

REASON = "The invoice of <October> is open."


def chosen(slug: str, action: str, **fields: str) -> dict[str, str]:
    [tenant] = tenants_at(slug)
    return {"action": action, "_selected_action": str(tenant.id), "index": "0", **fields}


def statuses(agency: Agency, count: int = 12) -> set[int]:
    """Return the responses to a member, enough requests to reach every worker."""
    return {agency.owner.at.get("/api/users/me").status_code for _ in range(count)}


def test_suspension_asks_for_confirmation(superuser_browser: Browser, new_agency) -> None:
    agency = new_agency(company="Quuxworks")

    page = superuser_browser.submit(LIST, chosen(agency.slug, "suspend"))

    assert page.status_code == 200
    assert "Quuxworks" in page.text
    assert "Reason" in page.text
    assert statuses(agency) == {200}


def test_suspension_without_reason_does_nothing(superuser_browser: Browser, new_agency) -> None:
    agency = new_agency()

    page = superuser_browser.submit(LIST, chosen(agency.slug, "suspend", confirm="yes", reason=" "))

    assert page.status_code == 200
    assert "This field is required." in page.text
    assert statuses(agency) == {200}


def test_suspension_applies_at_once_with_reason(
    site: Site, superuser_browser: Browser, new_agency
) -> None:
    agency = new_agency()
    assert statuses(agency) == {200}

    answer = superuser_browser.submit(
        LIST, chosen(agency.slug, "suspend", confirm="yes", reason=REASON)
    )

    assert "1 workspace was changed." in superuser_browser.follow(answer).text
    assert statuses(agency) == {403}
    data = agency.owner.at.get("/api/users/me").json()
    assert (data["code"], data["detail"]) == ("tenant_suspended", REASON)
    page = Browser(site, agency.slug).get("/")
    assert (page.status_code, page.headers["content-language"]) == (403, "en")
    assert "The invoice of &lt;October&gt; is open." in page.text
    assert (
        "Este espaço está suspenso." in Browser(site, agency.slug, language="pt-BR").get("/").text
    )
    assert agency.host.get("/api/health").status_code == 200
    event = assert_recorded("tenant.suspended", by=superuser_browser.staff)
    assert event.details == {"reason": REASON}


def test_resumed_tenant_is_served(superuser_browser: Browser, new_agency) -> None:
    agency = new_agency()
    superuser_browser.submit(LIST, chosen(agency.slug, "suspend", confirm="yes", reason=REASON))
    assert statuses(agency) == {403}

    asked = superuser_browser.submit(LIST, chosen(agency.slug, "resume"))
    between = statuses(agency)
    superuser_browser.submit(LIST, chosen(agency.slug, "resume", confirm="yes"))

    assert asked.status_code == 200
    assert between == {403}
    assert statuses(agency) == {200}
    assert_recorded("tenant.resumed", by=superuser_browser.staff)


def test_active_tenant_cannot_be_resumed(superuser_browser: Browser, new_agency) -> None:
    answer = superuser_browser.submit(LIST, chosen(new_agency().slug, "resume", confirm="yes"))

    assert "None of the chosen workspaces can be changed" in superuser_browser.follow(answer).text


def test_viewer_cannot_suspend(staff_browser, new_agency) -> None:
    agency, reader = new_agency(), staff_browser("view_tenant")
    form = chosen(agency.slug, "suspend", confirm="yes", reason=REASON)

    reader.post(LIST, {**form, **token_of(reader)})

    assert statuses(agency) == {200}


def test_confirmation_without_csrf_token_is_refused(superuser_browser: Browser, new_agency) -> None:
    agency = new_agency()

    answer = superuser_browser.post(
        LIST, chosen(agency.slug, "suspend", confirm="yes", reason=REASON)
    )

    assert answer.status_code == 403
    assert statuses(agency) == {200}
