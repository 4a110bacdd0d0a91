"""The join page of an invitation link."""

from collections.abc import Callable

import pytest

from accounts.models import Session, User
from tenants.context import tenant_context
from tests.support.accounts.invitations import INVITATIONS, post_invitation, token_of_invitation
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Site

pytestmark = pytest.mark.usefixtures("fresh_limits")


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency(company="Initech & Söhne")


def form(**fields: str) -> dict[str, str]:
    return {"first_name": "Nia", "last_name": "", "password": PASSWORD, **fields}


def test_join_page_consumes_the_invitation_only_on_submit(site: Site, agency: Agency):
    invitation = post_invitation(agency, "nia@new.test", role="admin")
    token, browser = token_of_invitation(agency, invitation), Browser(site, agency.slug)
    path = f"/join?token={token}"

    pages = [browser.get(path) for _ in range(3)]
    seen = agency.owner.at.get(f"{INVITATIONS}/{invitation['id']}").json()
    done = browser.submit(path, form(token=token))

    assert {page.status_code for page in pages} == {200}
    assert "Initech &amp; Söhne" in pages[0].text
    assert "nia@new.test" in pages[0].text
    assert 'name="email"' not in pages[0].text
    assert (seen["state"], seen["uses"]) == ("pending", 0)
    assert (done.status_code, done.headers["location"]) == (303, "/?notice=joined")
    assert "You have joined the workspace." in browser.follow(done).text
    entered = agency.host.post(
        "/api/auth/login", {"email": "nia@new.test", "password": PASSWORD}
    ).json()
    assert (entered["user"]["role"], entered["user"]["first_name"]) == ("admin", "Nia")


def test_join_form_logs_the_browser_in(site: Site, agency: Agency):
    token = token_of_invitation(agency, post_invitation(agency, "nia@new.test"))
    browser = Browser(site, agency.slug)

    browser.submit(f"/join?token={token}", form(token=token))

    me = browser.get("/api/users/me", headers={"Sec-Fetch-Site": "same-origin"})
    assert me.json()["email"] == "nia@new.test"
    with tenant_context(agency.ref):
        nia = User.objects.get(email="nia@new.test")
        assert Session.objects.filter(user=nia, ended_at=None).count() == 1


def test_join_form_ignores_another_address(site: Site, agency: Agency):
    token = token_of_invitation(agency, post_invitation(agency, "nia@new.test"))

    Browser(site, agency.slug).submit(
        f"/join?token={token}", form(token=token, email="eve@new.test")
    )

    with tenant_context(agency.ref):
        found = set(User.objects.values_list("email", flat=True))
    assert found == {agency.owner.email, "nia@new.test"}


def test_join_form_of_a_link_requires_an_address(site: Site, agency: Agency):
    token, browser = post_invitation(agency, max_uses=2)["token"], Browser(site, agency.slug)
    path = f"/join?token={token}"

    without = browser.submit(path, form(token=token))
    taken = browser.submit(path, form(token=token, email=agency.owner.email))
    done = browser.submit(path, form(token=token, email="nia@new.test"))

    assert 'name="email"' in browser.get(path).text
    assert (without.status_code, taken.status_code, done.status_code) == (400, 409, 303)


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_join_form_errors_are_shown_at_their_fields(site: Site, agency: Agency, language: str):
    token = token_of_invitation(agency, post_invitation(agency, "nia@new.test"))
    browser = Browser(site, agency.slug, language=language)

    answer = browser.submit(f"/join?token={token}", form(token=token, password="short"))

    assert answer.status_code == 400
    said = {"en": "at least 10 characters", "pt-BR": "pelo menos 10 caracteres"}
    assert said[language] in answer.text
    assert 'value="short"' not in answer.text
    assert f'value="{token}"' in answer.text


@pytest.mark.parametrize("blank", ["%20", "+", "%0A", "%20%09"])
def test_join_token_with_surrounding_spaces_is_valid(site: Site, agency: Agency, blank: str):
    token = token_of_invitation(
        agency, post_invitation(agency, f"{blank[1:]}nia@new.test".replace("%", ""))
    )

    page = Browser(site, agency.slug).get(f"/join?token={blank}{token}{blank}")

    assert page.status_code == 200
    assert f'value="{token}"' in page.text


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "This invitation is not valid"), ("pt-BR", "Este convite não é válido")],
)
def test_invalid_invitation_shows_an_error(site: Site, agency: Agency, language: str, said: str):
    invitation = post_invitation(agency, "nia@new.test")
    token, browser = (
        token_of_invitation(agency, invitation),
        Browser(site, agency.slug, language=language),
    )
    ready = browser.get(f"/join?token={token}")
    agency.owner.at.delete(f"{INVITATIONS}/{invitation['id']}")

    answers = [browser.get(f"/join{query}") for query in (f"?token={token}", "?token=x", "")]

    assert ready.status_code == 200
    assert {answer.status_code for answer in answers} == {403}
    assert all(said in answer.text for answer in answers)
    assert "nia@new.test" not in answers[0].text


def test_join_page_sends_no_referrer_to_other_sites(site: Site, agency: Agency):
    token = token_of_invitation(agency, post_invitation(agency, "nia@new.test"))

    page = Browser(site, agency.slug).get(f"/join?token={token}")

    assert page.headers["referrer-policy"] == "same-origin"
    assert "no-store" in page.headers["cache-control"]
    assert "<script>" not in page.text


def test_join_form_without_csrf_token_is_refused(site: Site, agency: Agency):
    token = token_of_invitation(agency, post_invitation(agency, "nia@new.test"))

    answer = Browser(site, agency.slug).post("/join", form(token=token))

    assert answer.status_code == 403
    with tenant_context(agency.ref):
        assert User.objects.count() == 1


def test_join_page_exists_only_on_tenant_hosts(site: Site):
    assert Browser(site).get("/join").status_code == 404
