"""Tokens in page URLs are in no log of the stack."""

import logging
import secrets
import socket
from collections.abc import Callable
from contextlib import closing

import pytest
from gunicorn.config import Config

from aggios import gunicorn
from aggios.server.worker import RedactingLogger
from devstack.testing import TestStack
from tests.support.accounts.invitations import post_invitation
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import BASE_DOMAIN, PASSWORD, Site
from tests.support.mailbox import Mailbox
from tests.support.service_logs import log_lines_with


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency()


def logs(stores: TestStack) -> dict[str, str]:
    """Return the logs of every process of the stack."""
    return {file.name: file.read_text("utf-8", "replace") for file in stores.home.logs.iterdir()}


def test_page_request_logs_no_token(
    site: Site, agency: Agency, mailbox: Mailbox, stores: TestStack
):
    agency.host.post("/api/auth/password/forgot", {"email": agency.owner.email})
    browser, chosen = Browser(site, agency.slug), {"password": "another long passphrase"}
    join = {"email": "new@new.test", "first_name": "N", "last_name": "P", "password": PASSWORD}
    pages = {
        "/email/verify": (mailbox.wait_for(agency.owner.email, subject="Verify").token, {}),
        "/password/reset": (mailbox.wait_for(agency.owner.email, subject="Set a").token, chosen),
        "/join": (post_invitation(agency, max_uses=2)["token"], join),
    }

    for path, (token, fields) in pages.items():
        address = f"{path}?token={token}"
        assert browser.get(address).status_code == 200
        assert browser.submit(address, {"token": token, **fields}).status_code == 303
        browser.client.put(address)
        browser.get(f"/nowhere{address}")

    seen = f"logs-{secrets.token_hex(8)}"
    agency.host.get("/api/users/me", headers={"X-Request-ID": seen})
    assert log_lines_with(stores, seen)
    assert log_lines_with(stores, seen, "access")
    written = logs(stores)
    assert all(path not in written["access.log"] for path in pages)
    for token, _ in pages.values():
        assert [name for name, text in written.items() if token in text] == []


def test_server_error_logs_no_token(stores: TestStack, site: Site):
    """gunicorn itself logs such requests, here one with a malformed header."""
    token = secrets.token_urlsafe(32)
    request = f"GET /password/reset?token={token} HTTP/9.9\r\nHost: acme.{BASE_DOMAIN}\r\n\r\n"

    with closing(socket.create_connection(("127.0.0.1", stores.ports["gunicorn"]), 10)) as line:
        line.sendall(request.encode())
        answer = line.recv(4096)

    assert b" 400 " in answer.splitlines()[0]
    assert not [name for name, text in logs(stores).items() if token in text]


def test_gunicorn_error_logs_the_path_without_query(capfd):
    config = Config()
    config.set("loglevel", gunicorn.loglevel)
    config.set("errorlog", gunicorn.errorlog)
    config.set("logger_class", gunicorn.logger_class)
    assert config.logger_class is RedactingLogger
    log = config.logger_class(config)
    try:
        try:
            raise OSError("broke at /join?token=in-the-exception&x=1")
        except OSError:
            log.exception("Error handling request %s %s", "GET", "/join?token=in-the-line")
        said = capfd.readouterr().err
    finally:
        for handler in list(logging.getLogger("gunicorn.error").handlers):
            logging.getLogger("gunicorn.error").removeHandler(handler)

    assert "Error handling request GET /join?…" in said
    assert "Traceback" in said
    assert "in-the-line" not in said
    assert "in-the-exception" not in said
