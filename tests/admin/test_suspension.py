"""Suspending and resuming: asked first, in force at the next request, in every process."""

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
    """What a member sees, asked often enough to meet every worker."""
    return {agency.owner.at.get("/api/users/me").status_code for _ in range(count)}


def test_the_action_asks_before_it_acts(sue: Browser, new_agency) -> None:
    agency = new_agency(company="Quuxworks")

    page = sue.submit(LIST, chosen(agency.slug, "suspend"))

    assert page.status_code == 200
    assert "Quuxworks" in page.text
    assert "Reason" in page.text
    assert statuses(agency) == {200}


def test_without_a_reason_nothing_happens(sue: Browser, new_agency) -> None:
    agency = new_agency()

    page = sue.submit(LIST, chosen(agency.slug, "suspend", confirm="yes", reason=" "))

    assert page.status_code == 200
    assert "This field is required." in page.text
    assert statuses(agency) == {200}


def test_suspension_holds_at_once_and_says_why(site: Site, sue: Browser, new_agency) -> None:
    agency = new_agency()
    assert statuses(agency) == {200}

    answer = sue.submit(LIST, chosen(agency.slug, "suspend", confirm="yes", reason=REASON))

    assert "1 workspace was changed." in sue.follow(answer).text
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
    event = assert_recorded("tenant.suspended", by=sue.staff)
    assert event.details == {"reason": REASON}


def test_resuming_brings_everything_back(sue: Browser, new_agency) -> None:
    agency = new_agency()
    sue.submit(LIST, chosen(agency.slug, "suspend", confirm="yes", reason=REASON))
    assert statuses(agency) == {403}

    asked = sue.submit(LIST, chosen(agency.slug, "resume"))
    between = statuses(agency)
    sue.submit(LIST, chosen(agency.slug, "resume", confirm="yes"))

    assert asked.status_code == 200
    assert between == {403}
    assert statuses(agency) == {200}
    assert_recorded("tenant.resumed", by=sue.staff)


def test_what_is_active_cannot_be_resumed(sue: Browser, new_agency) -> None:
    answer = sue.submit(LIST, chosen(new_agency().slug, "resume", confirm="yes"))

    assert "None of the chosen workspaces can be changed" in sue.follow(answer).text


def test_who_may_only_look_cannot_suspend(staff_browser, new_agency) -> None:
    agency, reader = new_agency(), staff_browser("view_tenant")
    form = chosen(agency.slug, "suspend", confirm="yes", reason=REASON)

    reader.post(LIST, {**form, **token_of(reader)})

    assert statuses(agency) == {200}


def test_the_confirmation_needs_its_token(sue: Browser, new_agency) -> None:
    agency = new_agency()

    answer = sue.post(LIST, chosen(agency.slug, "suspend", confirm="yes", reason=REASON))

    assert answer.status_code == 403
    assert statuses(agency) == {200}
