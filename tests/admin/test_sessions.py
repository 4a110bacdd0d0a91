"""Sessions of the admin: lifetime and cookies."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client

from staff.models import StaffUser
from staff.sessions import LAST_REQUEST_AT
from tests.structure.test_system_checks import PRODUCTION
from tests.support.accounts.in_process_client import random_address
from tests.support.http_client import BASE_DOMAIN, PASSWORD
from tests.support.staff_audit import last_event

ROOT = Path(__file__).resolve().parents[2]
COOKIES = """
import json
from aggios import settings as s
print(json.dumps({
    "names": [s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME],
    "secure": [s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.LANGUAGE_COOKIE_SECURE],
    "moved": [n for n in dir(s) if n.endswith(("_COOKIE_DOMAIN", "_COOKIE_PATH"))],
}))
"""


@pytest.fixture
def staff(new_staff: Callable[..., StaffUser]) -> StaffUser:
    return new_staff()


@pytest.fixture
def client(staff: StaffUser) -> Client:
    """A client that is logged in through the form."""
    client = Client(headers={"host": f"admin.{BASE_DOMAIN}", "x-forwarded-for": random_address()})
    form = {"username": staff.email, "password": PASSWORD}
    assert client.post("/admin/login/", form).status_code == 302
    return client


def session_of(client: Client) -> SessionStore:
    return SessionStore(client.cookies[django_settings.SESSION_COOKIE_NAME].value)


def last_request(client: Client, seconds_ago: int) -> None:
    session = session_of(client)
    session[LAST_REQUEST_AT] = int(time.time()) - seconds_ago
    session.save()


def test_idle_session_ends(client: Client, staff: StaffUser) -> None:
    key = session_of(client).session_key
    last_request(client, django_settings.STAFF_IDLE_SECONDS)

    answer = client.get("/admin/")

    assert (answer.status_code, answer["location"]) == (302, "/admin/login/?next=/admin/")
    assert not Session.objects.filter(pk=key).exists()
    assert client.get("/admin/").status_code == 302
    assert last_event("staff.session_idle", target_id=str(staff.pk)).actor_id == str(staff.pk)


def test_active_session_continues(client: Client) -> None:
    last_request(client, django_settings.STAFF_IDLE_SECONDS - 60)

    assert client.get("/admin/").status_code == 200

    assert time.time() - session_of(client)[LAST_REQUEST_AT] < 60


def test_session_of_previous_release_continues(client: Client) -> None:
    session = session_of(client)
    del session[LAST_REQUEST_AT]
    session.save()

    assert client.get("/admin/").status_code == 200
    assert LAST_REQUEST_AT in session_of(client)


def test_use_does_not_extend_absolute_lifetime(client: Client) -> None:
    ends_at = session_of(client).get_expiry_date()
    last_request(client, 600)

    answer = client.get("/admin/")

    assert answer.status_code == 200
    session = session_of(client)
    assert session.get_expiry_date() == ends_at
    assert Session.objects.get(pk=session.session_key).expire_date == ends_at
    max_age = int(answer.cookies[django_settings.SESSION_COOKIE_NAME]["max-age"])
    assert max_age <= django_settings.SESSION_COOKIE_AGE


def test_messages_are_not_in_cookies(client: Client) -> None:
    assert "session" in django_settings.MESSAGE_STORAGE
    assert "messages" not in client.cookies


@pytest.mark.parametrize(("scheme", "prefix"), [("https", "__Host-"), ("http", "")])
def test_cookies_over_https_have_host_prefix(scheme: str, prefix: str) -> None:
    servers = {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c", "REDIS_URL": "redis://127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-c", COOKIES],
        env={**PRODUCTION, **servers, "PUBLIC_SCHEME": scheme},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    found = json.loads(done.stdout)
    wanted = [prefix + name for name in ("aggios_staff", "aggios_csrf", "aggios_language")]
    assert found["names"] == wanted
    assert found["secure"] == [scheme == "https"] * 3
    assert found["moved"] == []
