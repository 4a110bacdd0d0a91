"""Password guesses against staff users are limited as those against users."""

import secrets
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from staff.models import StaffUser
from tests.support.accounts.in_process_client import random_address
from tests.support.http_client import BASE_DOMAIN, PASSWORD
from tests.support.staff_audit import last_event

ADMIN = f"admin.{BASE_DOMAIN}"
WIDE = 6
NewStaff = Callable[..., StaffUser]


@pytest.fixture
def narrow(settings) -> None:
    """A lower hourly limit per account, so that a test hashes less often."""
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login_hour": f"{WIDE}/3600"}


def full_width(text: str) -> str:
    """Return the text in full-width characters, which NFKC folds."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def post(path: str, form: dict[str, str], *, address: str, client: Client | None = None):
    headers = {"host": ADMIN, "x-forwarded-for": address}
    return (client or Client()).post(path, form, headers=headers)


def in_form(email: str, password: str = "wrong", *, address: str) -> int:
    """Send the admin's log-in form."""
    form = {"username": email, "password": password}
    return post("/admin/login/", form, address=address).status_code


def at_api(email: str, password: str = "wrong", *, address: str):
    """Log in to the staff API."""
    headers = {"host": ADMIN, "x-forwarded-for": address}
    body = {"email": email, "password": password}
    return Client().post("/api/auth/login", body, content_type="application/json", headers=headers)


def test_spellings_of_an_address_share_one_count(site, new_staff: NewStaff) -> None:
    email, here = new_staff().email, random_address()
    spellings = [email, email.upper(), full_width(email), f"\u3000{email} ", full_width(email[0])]
    spellings[4] += email[1:]

    tried = [in_form(text, address=here) for text in spellings]

    assert tried == [200] * 5
    assert in_form(full_width(email.upper()), PASSWORD, address=here) == 429
    assert at_api(email, PASSWORD, address=here).status_code == 429
    assert at_api(full_width(email), PASSWORD, address=here).status_code == 401, "no log-in"
    assert in_form(email, PASSWORD, address=random_address()) == 302


def test_unknown_account_is_throttled_equally(site) -> None:
    email, here = f"x{secrets.token_hex(5)}@aggios.test", random_address()

    tried = [in_form(text, address=here) for text in [email, full_width(email)] * 3]

    assert tried == [200] * 5 + [429]


def test_client_addresses_share_an_hourly_limit(site, new_staff: NewStaff, narrow: None) -> None:
    email = new_staff().email
    assert [in_form(email, address=random_address()) for _ in range(WIDE)] == [200] * WIDE

    refused = at_api(email, PASSWORD, address=random_address())

    assert (refused.status_code, refused.json()["limits"]) == (429, ["login_hour"])
    assert "login_hour" not in refused.headers["RateLimit"]


@pytest.mark.parametrize("through", ["form", "api"])
def test_familiar_address_is_counted_separately(
    site, new_staff: NewStaff, narrow: None, through: str
) -> None:
    email, home = new_staff().email, random_address()
    if through == "form":
        assert in_form(email, PASSWORD, address=home) == 302
    else:
        assert at_api(email, PASSWORD, address=home).status_code == 200
    for _ in range(WIDE + 1):
        in_form(email, address=random_address())

    assert in_form(email, PASSWORD, address=random_address()) == 429
    assert in_form(email, PASSWORD, address=home) == 302
    assert [in_form(email, address=home) for _ in range(6)] == [200] * 5 + [429]


def test_attempt_without_password_is_not_counted(site, new_staff) -> None:
    email, here = new_staff().email, random_address()
    for _ in range(5):
        assert in_form(email, address=here) == 200
        assert in_form(email, "", address=here) == 200

    assert in_form(email, PASSWORD, address=here) == 429


def changed(client: Client, old: str, *, address: str) -> int:
    new = secrets.token_urlsafe(20)
    form = {"old_password": old, "new_password1": new, "new_password2": new}
    return post(
        reverse("admin:password_change", "aggios.urls.admin"), form, address=address, client=client
    ).status_code


def test_password_change_guesses_are_throttled(site, new_staff: NewStaff) -> None:
    staff, here = new_staff(), random_address()
    client = Client()
    client.force_login(staff)

    tried = [changed(client, "wrong", address=here) for _ in range(6)]

    assert tried == [200] * 5 + [429]
    assert changed(client, PASSWORD, address=here) == 429
    assert in_form(staff.email, PASSWORD, address=here) == 429, "they count together"
    assert changed(client, PASSWORD, address=random_address()) == 302
    refused = last_event("staff.password_refused", target_id=str(staff.pk))
    assert refused.actor_id == str(staff.pk)


def test_own_password_requires_the_current_one(site, new_staff) -> None:
    staff = new_staff(is_superuser=True)
    client = Client()
    client.force_login(staff)
    for spelling in (str(staff.pk), staff.pk.hex, str(staff.pk).upper()):
        path = f"/admin/staff/staffuser/{spelling}/password/"
        form = {"password1": "quite another battery", "password2": "quite another battery"}

        answer = post(path, form, address=random_address(), client=client)

        assert answer.status_code in {302, 404}, spelling
        assert answer.status_code == 404 or answer["location"] == "/admin/password_change/"
    assert StaffUser.objects.get(pk=staff.pk).password == staff.password
