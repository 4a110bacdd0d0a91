"""The staff API is served only to STAFF_ALLOWED_NETWORKS."""

from ipaddress import ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from core import env
from staff.models import StaffUser
from tests.support.http_client import BASE_DOMAIN, PASSWORD

OFFICE, ELSEWHERE = "10.1.2.3", "203.0.113.9"


@pytest.fixture
def from_the_office(settings) -> None:
    settings.STAFF_ALLOWED_NETWORKS = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]


def ask(host: str, address: str, path: str = "/api/tenants", **body: str):
    headers = {"Host": host, "X-Forwarded-For": f"{OFFICE}, {address}"}
    if body:
        return Client().post(path, body, content_type="application/json", headers=headers)
    return Client().get(path, headers=headers)


@pytest.mark.parametrize("label", ["", "www.", "api.", "admin."])
@pytest.mark.parametrize(
    ("address", "status"),
    [(OFFICE, 401), ("2001:db8::7", 401), ("::ffff:10.9.9.9", 401), (ELSEWHERE, 403), ("::1", 403)],
)
@pytest.mark.usefixtures("committed", "from_the_office")
def test_api_from_other_network_is_refused(label: str, address: str, status: int):
    assert ask(f"{label}{BASE_DOMAIN}", address).status_code == status


@pytest.mark.usefixtures("committed", "from_the_office")
def test_log_in_from_other_network_is_refused(new_staff):
    staff: StaffUser = new_staff()
    body = {"email": staff.email, "password": PASSWORD}

    refused = ask(BASE_DOMAIN, ELSEWHERE, "/api/auth/login", **body)

    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert ask(BASE_DOMAIN, OFFICE, "/api/auth/login", **body).status_code == 200


def test_invalid_network_setting_is_named():
    with pytest.raises(ImproperlyConfigured, match=r"STAFF_ALLOWED_NETWORKS.*office"):
        env.network("STAFF_ALLOWED_NETWORKS", "office")
