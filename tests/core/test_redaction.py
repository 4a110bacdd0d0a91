"""Logs contain no token, whatever path or field a client sends one in."""

import secrets

import pytest

from core.observability.logging import redact, redact_path
from devstack.testing import TestStack
from tests.core.test_gunicorn_errors import exchange, request
from tests.support.factories import Agency
from tests.support.service_logs import log_lines_with

ID = "019a2b96-4e26-7222-a781-71ecb0d5754d"
WORDS = "/api/audit/deletion-certificates/s"
TOKEN = "q7Zr4Jw0mHc-Qf2vXk9_pLs8tYbNd1eGuR3aWoIiTzE"
PATHS = [
    f"/s/{TOKEN}",
    f"/S/{TOKEN}",
    f"//s/{TOKEN}",
    f"/./s/{TOKEN}",
    f"/s/{TOKEN}/x",
    f"/s;/{TOKEN}",
    f"/s%2f{TOKEN}",
    f"/s%5c{TOKEN}",
    f"/s%252f{TOKEN}",
    f"/s/{TOKEN}?download=1",
    f"/x/s/{TOKEN}",
    f"/join?token={TOKEN}",
    f"/join/?token={TOKEN}",
    f"/nowhere?a=1&token={TOKEN}",
    f"http://other.example/s/{TOKEN}",
    f"/{'a' * 9000}/{TOKEN}",
]


@pytest.mark.parametrize("path", [path.partition("?")[0] for path in PATHS if "?" not in path])
def test_logged_path_has_no_token(path: str):
    assert TOKEN not in redact_path(path)


@pytest.mark.parametrize("path", ["/", "/api/users/me", f"/api/files/{ID}/content", WORDS])
def test_path_without_token_is_unchanged(path: str):
    assert redact_path(path) == path


@pytest.mark.parametrize("path", ["/s/a-name", "/S/a/b", "//s/a", "/s%2fa", "/s;a"])
def test_path_after_share_segment_is_redacted(path: str):
    assert redact_path(path).endswith("[hidden]")


def test_double_encoded_token_is_redacted():
    encoded = "".join(f"%{ord(letter):02x}" for letter in TOKEN)

    assert redact_path(f"/s/{encoded}") == "/s/[hidden]"


@pytest.mark.parametrize(
    "text",
    [
        "Not Found: /S/{}",
        "Forbidden (CSRF cookie not set.): /s/{}/x",
        "Referer checking failed - https://a.example/s/{} does not match",
        "Error handling request GET /s%2F{}",
        'File "x.py", line 3\nValueError: https://a.example/join?token={}&x=1',
    ],
)
def test_logged_text_has_no_token(text: str):
    assert TOKEN not in redact(text.format(TOKEN))


def test_text_without_token_is_unchanged():
    text = f'File "/srv/lib/python3.13/site-packages/a_long_module_name_x.py" /api/files/{ID}'

    assert redact(text) == text


def test_log_files_of_the_stack_have_no_token(acme: Agency, stores: TestStack):
    token = secrets.token_urlsafe(32)
    fields = f"Referer: http://{acme.host.name}/s/{token}", "X-Request-ID: "
    for number, path in enumerate(PATHS):
        for method in ("GET", "POST", "get"):
            for port in ("web", "gunicorn"):
                sent = [fields[0], f"{fields[1]}{token[:8]}-{port}-{number}-{method}"]
                line = f"{method} {path.replace(TOKEN, token)} HTTP/1.1"
                exchange(stores.ports[port], request(line, *sent, host=acme.host.name))

    assert log_lines_with(stores, f"{token[:8]}-web-0-POST", "access")
    assert log_lines_with(stores, f"{token[:8]}-gunicorn-0-POST")
    logs = {file.name: file.read_text("utf-8", "replace") for file in stores.home.logs.iterdir()}
    assert [name for name, text in logs.items() if token in text] == []
