"""A second factor from its QR code to a recovery code, and what a stolen code is good for."""

from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import Authenticator, RecoveryCode
from tenants.context import tenant_context
from tests.support.accounts.second_factors import AuthenticatorApp, audit_actions_of
from tests.support.factories import Agency
from tests.support.pages.profiles import Profiles
from tests.support.pages.qr_codes import text_of_qr_code
from tests.support.pages.steps import at_home, log_in, log_out
from tests.support.pages.visitors import Visitor

pytestmark = [pytest.mark.nightly, pytest.mark.usefixtures("fresh_limits")]

APP_CODE = "Code of your authenticator app"
CODE_REFUSED = (
    "The code was not accepted. Enter the one that the app shows now, or an unused recovery code."
)
# A wrong code is refused; the other log-ins succeed.
EVENTS = [
    *("factor.begun", "factor.added", "session.refused"),
    *("recovery_code.used", "session.refused", "recovery_code.used"),
]


def test_second_factor_leads_from_its_qr_code_to_a_recovery_code_that_works_once(
    page_of: Profiles, agency: Agency
):
    visitor = Visitor.at(page_of, agency.host)
    log_in(visitor, agency.owner.email)

    app, codes = set_up(visitor)
    log_out(visitor)
    log_in_with(visitor, agency, "000000")
    visitor.sees(CODE_REFUSED)
    visitor.fill(APP_CODE, app.code())
    visitor.press("button", "Log in")
    at_home(visitor, "Olga")
    log_out(visitor)
    log_in_with(visitor, agency, codes[0])
    at_home(visitor, "Olga")
    log_out(visitor)
    log_in_with(visitor, agency, codes[0])
    visitor.sees(CODE_REFUSED)
    visitor.fill(APP_CODE, codes[1])
    visitor.press("button", "Log in")
    at_home(visitor, "Olga")

    with tenant_context(agency.ref):
        assert Authenticator.objects.get().confirmed_at is not None
        assert RecoveryCode.objects.filter(used_at=None).count() == 8
    seen = [name for name in audit_actions_of(agency, agency.owner) if name in {*EVENTS}]
    assert seen == EVENTS


def set_up(visitor: Visitor) -> tuple[AuthenticatorApp, list[str]]:
    """Set a second factor up from the first steps; return the app and the recovery codes."""
    visitor.press("link", "Protect your account with a second factor")
    visitor.press("link", "Set up")
    visitor.press("button", "Show the QR code")
    uri = visitor.find("link", "Open in the app on this device").get_attribute("href")
    assert uri
    assert text_of_qr_code(visitor.find("img", "QR code for your app")) == uri
    visitor.press("menu", "The app cannot scan?")
    secret = visitor.find("field", "Secret").input_value().replace(" ", "")
    assert parse_qs(urlsplit(uri).query)["secret"] == [secret]
    app = AuthenticatorApp(secret)
    visitor.fill("Code that the app shows", app.code(-1))
    visitor.press("button", "Confirm")
    visitor.sees_heading("Recovery codes")
    codes = visitor.page.locator("pre").inner_text().split()
    assert len(set(codes)) == 10
    visitor.press("link", "I have kept them")
    visitor.sees_heading("Second factor")
    return app, codes


def log_in_with(visitor: Visitor, agency: Agency, code: str) -> None:
    """Log in with the password and send a code."""
    log_in(visitor, agency.owner.email)
    visitor.sees_heading("Second factor")
    visitor.fill(APP_CODE, code)
    visitor.press("button", "Log in")
