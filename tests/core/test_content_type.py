"""``Content-Type``: a long one is ignored, and so is ``charset``."""

from typing import Any

import pytest

from aggios.server import request_body
from aggios.server.request_body import MAX_TYPE_LENGTH, normalize_content_type


@pytest.mark.parametrize(
    ("length", "parsed"), [(MAX_TYPE_LENGTH, True), (MAX_TYPE_LENGTH + 1, False), (8190, False)]
)
def test_content_type_beyond_maximum_length_is_blank(
    monkeypatch: pytest.MonkeyPatch, length: int, parsed: bool
):
    calls: list[str] = []

    def parse(text: str) -> tuple[str, dict[str, str]]:
        calls.append(text)
        return text, {}

    monkeypatch.setattr(request_body, "parse_header_parameters", parse)
    given = 'application/json; "'.ljust(length, ";")

    assert told({"CONTENT_TYPE": given}) == {"CONTENT_TYPE": given if parsed else ""}
    assert calls == ([given] if parsed else [])


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("application/json; charset=rot13", "application/json"),
        ("application/json;CHARSET=utf-8", "application/json"),
        ("text/plain; charset*=x", "text/plain"),
        (
            'multipart/form-data; charset="latin-1"; boundary="a\\"b;c"',
            'multipart/form-data; boundary="a\\"b;c"',
        ),
        ("multipart/form-data; boundary=abc", "multipart/form-data; boundary=abc"),
        ("text/plain; a*=rot14''x", ""),
    ],
)
def test_charset_of_content_type_is_ignored(given: str, read: str):
    assert told({"CONTENT_TYPE": given}) == {"CONTENT_TYPE": read}


def test_missing_content_type_stays_missing():
    assert told({}) == {}


def told(environ: dict[str, Any]) -> dict[str, Any]:
    """Return the content type that the application sees."""
    seen: dict[str, Any] = {}
    normalize_content_type(lambda given, _: seen.update(given) or [])(environ, None)
    return seen
