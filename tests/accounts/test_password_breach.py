"""Breached passwords: checked with a real server on this machine."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from accounts.models import User
from accounts.passwords import breaches
from accounts.passwords.validation import hash_new_password, validate_new_password
from accounts.problems import PasswordUnchecked
from core.problems import ValidationFailed
from tests.support.accounts.in_process_client import post_from_address, random_address
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD

GOOD = "a phrase that nobody has lost"
LOST = "a phrase that somebody has lost"
SLOW = 3.0


def digest(password: str) -> str:
    return hashlib.sha1(password.encode()).hexdigest().upper()


class Ranges(ThreadingHTTPServer):
    """Answers like the range API, or with the error that a test needs; records the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.answer: Callable[[], tuple[int, bytes]] = lambda: (200, rows())
        self.pause = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/range"


class _Handler(BaseHTTPRequestHandler):
    server: Ranges

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Add-Padding")))
        time.sleep(self.server.pause)
        status, body = self.server.answer()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Log nothing."""


def rows(**counts: int) -> bytes:
    """Return a range: two other rows, and the suffixes that the test names."""
    others = {"0" * 35: 7, "F" * 35: 0}
    return "\r\n".join(f"{k}:{v}" for k, v in {**others, **counts}.items()).encode()


@pytest.fixture
def ranges(settings) -> Iterator[Ranges]:
    with Ranges() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.PASSWORD_BREACH_URL = server.url
        settings.PASSWORD_BREACH_SECONDS = 1
        breaches.service_pause.end()
        yield server
        breaches.service_pause.end()
        server.shutdown()


def code_of(password: str) -> str:
    """Return the error code for a password, or "" if it is accepted."""
    try:
        hash_new_password(password, User())
    except ValidationFailed as refused:
        return refused.errors[0].code
    except PasswordUnchecked as unchecked:
        return unchecked.code
    return ""


def test_breach_check_sends_only_five_digits(ranges: Ranges):
    assert code_of(GOOD) == ""

    assert ranges.asked == [(f"/range/{digest(GOOD)[:5]}", "true")]


@pytest.mark.parametrize("spelt", [str.upper, str.lower])
def test_breached_password_is_refused(ranges: Ranges, spelt: Callable[[str], str]):
    ranges.answer = lambda: (200, rows(**{spelt(digest(LOST)[5:]): 3}))

    assert code_of(LOST) == "password_breached"
    assert code_of(GOOD) == ""


def test_padding_row_is_no_breach(ranges: Ranges):
    ranges.answer = lambda: (200, rows(**{digest(LOST)[5:]: 0}))

    assert code_of(LOST) == ""


def say(status: int, body: bytes) -> Callable[[Ranges], None]:
    """Let the server answer like this."""

    def change(server: Ranges) -> None:
        server.answer = lambda: (status, body)

    return change


def be_slow(server: Ranges) -> None:
    server.pause = SLOW


def be_away(server: Ranges) -> None:
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("mode", "code"), [("open", ""), ("closed", "password_unchecked")])
@pytest.mark.parametrize(
    "failure",
    [
        be_slow,
        be_away,
        say(500, rows()),
        say(503, b""),
        say(404, rows()),
        say(200, b""),
        say(200, b"<html>maintenance</html>"),
        say(200, b"\xff\xfe" * 99),
        say(200, b"0" * (1024 * 1024 + 99)),
    ],
    ids=["slow", "away", "500", "503", "404", "empty", "page", "bytes", "endless"],
)
def test_unavailable_service_fails_as_configured(
    ranges: Ranges, settings, failure: Callable[[Ranges], None], mode: str, code: str
):
    settings.PASSWORD_BREACH_FAIL = mode
    failure(ranges)

    assert code_of(GOOD) == code


def test_unavailable_service_is_not_asked_for_a_while(ranges: Ranges, caplog):
    say(503, b"")(ranges)

    assert [code_of(GOOD), code_of(GOOD), code_of(LOST)] == ["", "", ""]

    assert len(ranges.asked) == 1
    assert [r.why for r in caplog.records if r.message == "breach_check_unavailable"] == [
        "It answered with status 503."
    ]
    breaches.service_pause.end()
    assert code_of(GOOD) == ""
    assert len(ranges.asked) == 2


def test_slow_dns_look_up_times_out(ranges: Ranges, settings, monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(breaches, "_fetch_range", lambda _: done.wait(60))
    settings.PASSWORD_BREACH_SECONDS = 0

    assert code_of(GOOD) == ""
    assert not done.is_set()
    done.set()


def test_log_in_sends_no_breach_request(ranges: Ranges, agency: Agency, settings):
    settings.PASSWORD_PEPPERS = f"2:{'f' * 64},{settings.PASSWORD_PEPPERS}"
    be_slow(ranges)

    body = {"email": agency.owner.email, "password": PASSWORD}
    answer = post_from_address(agency.slug, "/api/auth/login", body, address=random_address())

    assert answer.status_code == 200
    assert ranges.asked == []


def test_breach_check_is_off_without_url(ranges: Ranges, settings):
    settings.PASSWORD_BREACH_URL = ""

    assert code_of(GOOD) == ""
    assert ranges.asked == []


def test_password_refused_by_local_rules_is_not_sent(ranges: Ranges):
    assert code_of("short") == "password_too_short"
    validate_new_password(GOOD)

    assert ranges.asked == []
