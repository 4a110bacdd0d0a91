"""Pages that mailed links open: GET changes nothing, the form does."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from accounts.models import MailLink
from tenants.context import tenant_context
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Site
from tests.support.mail.outbox import audit_events, user_with_email
from tests.support.mailbox import Mail, Mailbox

FRESH = "another long passphrase"


def path_of(mail: Mail) -> str:
    parts = urlsplit(mail.link)
    return f"{parts.path}?{parts.query}"


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency()


@pytest.fixture
def reset_mail(agency: Agency, mailbox: Mailbox) -> Mail:
    agency.host.post("/api/auth/password/forgot", {"email": agency.owner.email})
    return mailbox.wait_for(agency.owner.email, subject="Set a new password")


@pytest.fixture
def verify_mail(agency: Agency, mailbox: Mailbox) -> Mail:
    return mailbox.wait_for(agency.owner.email, subject="Verify")


def can_log_in(agency: Agency, password: str) -> bool:
    body = {"email": agency.owner.email, "password": password}
    return agency.host.post("/api/auth/login", body).status_code == 200


def test_reset_form_sets_the_password(site: Site, agency: Agency, reset_mail: Mail):
    browser = Browser(site, agency.slug)

    done = browser.submit(path_of(reset_mail), {"token": reset_mail.token, "password": FRESH})

    assert (done.status_code, done.headers["location"]) == (303, "/login?notice=password_set")
    assert "Your new password is set" in browser.follow(done).text
    assert can_log_in(agency, FRESH)
    assert not can_log_in(agency, PASSWORD)


def test_token_with_surrounding_spaces_is_valid(
    site: Site, agency: Agency, reset_mail: Mail, verify_mail: Mail
):
    browser = Browser(site, agency.slug)
    spaced = f" {reset_mail.token}\n"

    page = browser.get(f"/password/reset?token=%20{reset_mail.token}%20")
    assert f'value="{reset_mail.token}"' in page.text
    page = browser.get(f"/email/verify?token=+{verify_mail.token}%0A")
    assert f'value="{verify_mail.token}"' in page.text
    body = {"token": f"\t{verify_mail.token} "}
    assert agency.host.post("/api/auth/email/verify", body).status_code == 204
    done = browser.submit("/password/reset", {"token": spaced, "password": FRESH})
    assert done.status_code == 303


def test_verification_form_verifies_the_address(site: Site, agency: Agency, verify_mail: Mail):
    browser = Browser(site, agency.slug)

    done = browser.submit(path_of(verify_mail), {"token": verify_mail.token})

    assert (done.status_code, done.headers["location"]) == (303, "/login?notice=verified")
    assert "aggios" not in browser.client.cookies
    assert user_with_email(agency, agency.owner.email).email_verified_at is not None


def test_get_changes_nothing(site: Site, agency: Agency, reset_mail: Mail, verify_mail: Mail):
    for mail in (reset_mail, verify_mail):
        for _ in range(3):
            page = Browser(site, agency.slug).get(path_of(mail))
            assert page.status_code == 200
            assert f'name="token" value="{mail.token}"' in page.text
        assert Browser(site, agency.slug).client.head(path_of(mail)).status_code == 200

    with tenant_context(agency.ref):
        assert not MailLink.objects.exclude(used_at=None).exists()
    assert user_with_email(agency, agency.owner.email).email_verified_at is None
    assert can_log_in(agency, PASSWORD)


def test_token_is_not_leaked_by_the_page(site: Site, agency: Agency, reset_mail: Mail):
    page = Browser(site, agency.slug).get(path_of(reset_mail))

    # Not no-referrer: browsers then send the form with "Origin: null", and it is refused.
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in page.headers["Cache-Control"]
    assert "noindex" in page.text
    assert "<script>" not in page.text


def test_form_without_csrf_token_is_refused(site: Site, agency: Agency, reset_mail: Mail):
    fields = {"token": reset_mail.token, "password": FRESH}

    answer = Browser(site, agency.slug).post("/password/reset", fields)

    assert answer.status_code == 403
    assert can_log_in(agency, PASSWORD)


def test_weak_password_is_named_at_its_field(site: Site, agency: Agency, reset_mail: Mail):
    browser = Browser(site, agency.slug, language="pt-BR")

    page = browser.submit(path_of(reset_mail), {"token": reset_mail.token, "password": "short"})

    assert page.status_code == 400
    assert "pelo menos 10 caracteres" in page.text
    assert "short" not in page.text
    assert reset_mail.token in page.text
    again = browser.submit(path_of(reset_mail), {"token": reset_mail.token, "password": FRESH})
    assert again.status_code == 303


def test_verification_leads_a_logged_in_user_home(site: Site, agency: Agency, verify_mail: Mail):
    browser = logged_in(site, agency)

    done = browser.submit(path_of(verify_mail), {"token": verify_mail.token})

    assert done.headers["location"] == "/?notice=verified"
    assert "Your e-mail address is verified." in browser.follow(done).text


def test_reset_ends_the_session_of_the_browser(site: Site, agency: Agency, reset_mail: Mail):
    browser = logged_in(site, agency)

    done = browser.submit(path_of(reset_mail), {"token": reset_mail.token, "password": FRESH})
    page = browser.follow(done)

    assert page.status_code == 200
    assert 'name="password"' in page.text
    assert "aggios" not in browser.client.cookies


@pytest.mark.parametrize("path", ["/password/reset", "/email/verify", "/email/change"])
def test_invalid_link_shows_an_error(site: Site, agency: Agency, path: str):
    browser = Browser(site, agency.slug)

    made_up = browser.submit(path, {"token": "made-up", "password": FRESH})
    without = browser.submit(path, {"token": "", "password": FRESH})

    assert made_up.status_code == 400
    assert "This link has been used, has expired, or is not valid here." in made_up.text
    assert without.status_code == 400
    assert 'role="alert"' in without.text
    assert audit_events(agency, "password.reset") == []


def test_link_of_another_tenant_shows_an_error(
    site: Site, agency: Agency, new_agency: Callable[..., Agency], reset_mail: Mail
):
    other = Browser(site, new_agency().slug)

    page = other.submit(path_of(reset_mail), {"token": reset_mail.token, "password": FRESH})

    assert page.status_code == 400
    assert can_log_in(agency, PASSWORD)
