"""A password that another person chose must be changed first."""

from collections.abc import Callable

import pytest
from django.test import Client

from staff.models import StaffUser
from tests.support.accounts.in_process_client import random_address
from tests.support.browser import Browser
from tests.support.http_client import BASE_DOMAIN, PASSWORD

HOST = f"admin.{BASE_DOMAIN}"
CHANGE = "/admin/password_change/"
OWN = "quite another battery"


@pytest.fixture
def required(settings) -> None:
    settings.STAFF_FIRST_PASSWORD_CHANGE = "required"


@pytest.fixture
def client(new_staff: Callable[..., StaffUser]) -> Client:
    """A client that is logged in through the form as a new staff user."""
    staff = new_staff(is_superuser=True)
    client = Client(headers={"host": HOST, "x-forwarded-for": random_address()})
    form = {"username": staff.email, "password": PASSWORD}
    assert client.post("/admin/login/", form).status_code == 302
    client.staff = staff
    return client


def at_api(email: str, password: str):
    headers = {"host": HOST, "x-forwarded-for": random_address()}
    body = {"email": email, "password": password}
    return Client().post("/api/auth/login", body, content_type="application/json", headers=headers)


@pytest.mark.usefixtures("required")
def test_initial_password_opens_only_the_password_page(client: Client) -> None:
    for path in ("/admin/", "/admin/tenants/tenant/", "/admin/second-factor/"):
        answer = client.get(path)
        assert (answer.status_code, answer["location"]) == (302, CHANGE), path
    refused = at_api(client.staff.email, PASSWORD)
    page = client.get(CHANGE)

    assert (refused.status_code, refused.json()["code"]) == (403, "password_change_required")
    assert "Somebody else has chosen this password" in page.content.decode()
    form = {"old_password": PASSWORD, "new_password1": OWN, "new_password2": OWN}
    assert client.post(CHANGE, form)["location"] == "/admin/password_change/done/"
    assert client.get("/admin/").status_code == 200
    assert at_api(client.staff.email, OWN).status_code == 200


@pytest.mark.usefixtures("required")
def test_change_to_initial_password_is_refused(client: Client) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if c != " " else c for c in PASSWORD)  # one NFKC with it
    for same in (PASSWORD, wide):
        form = {"old_password": PASSWORD, "new_password1": same, "new_password2": same}
        page = client.post(CHANGE, form)
        assert page.status_code == 200
        assert "Choose another password than the current one." in page.content.decode()

    client.staff.refresh_from_db()
    assert client.staff.password_change_required


@pytest.mark.usefixtures("required")
def test_wrong_password_does_not_reveal_initial_password(client: Client) -> None:
    assert at_api(client.staff.email, "wrong").status_code == 401


@pytest.mark.usefixtures("required")
def test_log_in_to_api_with_initial_password_is_refused(client: Client, settings) -> None:
    settings.STAFF_FIRST_PASSWORD_CHANGE = "optional"
    token = at_api(client.staff.email, PASSWORD).json()["access_token"]
    headers = {"host": HOST, "authorization": f"Bearer {token}"}
    assert Client().get("/api/tenants", headers=headers).status_code == 200

    settings.STAFF_FIRST_PASSWORD_CHANGE = "required"

    refused = Client().get("/api/tenants", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "password_change_required")


@pytest.mark.usefixtures("required")
def test_log_out_with_initial_password_is_allowed(client: Client) -> None:
    assert client.post("/admin/logout/").status_code == 200
    assert client.get("/admin/")["location"].startswith("/admin/login/")


def test_password_set_in_admin_must_be_changed(superuser_browser: Browser, new_staff) -> None:
    email = f"m{new_staff().pk.hex[-10:]}@aggios.test"
    form = {"email": email, "password1": OWN, "password2": OWN}
    assert superuser_browser.submit("/admin/staff/staffuser/add/", form).status_code == 302
    staff = StaffUser.objects.get(email=email)
    assert staff.password_change_required

    StaffUser.objects.filter(pk=staff.pk).update(password_change_required=False)
    form = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    path = f"/admin/staff/staffuser/{staff.pk}/password/"
    assert superuser_browser.submit(path, form).status_code == 302

    staff.refresh_from_db()
    assert staff.password_change_required
    assert staff.check_password(PASSWORD)


def test_optional_password_change_blocks_nothing(client: Client) -> None:
    assert client.staff.password_change_required
    assert client.get("/admin/").status_code == 200
