"""Logging staff in: at the admin's form, and over HTTP."""

from collections.abc import Callable

import httpx

from staff.models import StaffUser
from tests.support.browser import Browser
from tests.support.http_client import PASSWORD, Host

NewStaff = Callable[..., StaffUser]


def log_in_to_admin(browser: Browser, email: str, password: str = PASSWORD) -> httpx.Response:
    """Send the log-in form of the admin."""
    return browser.submit("/admin/login/", {"username": email, "password": password})


def log_in_to_api(host: Host, email: str, password: str = PASSWORD) -> httpx.Response:
    """Log in over HTTP."""
    return host.post("/api/auth/login", {"email": email, "password": password})
