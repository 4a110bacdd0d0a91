"""``Accept`` is parsed: case, quality and specificity count (RFC 9110 section 12.5.1)."""

import pytest
from django.test import RequestFactory

from core.http import negotiation
from core.http.negotiation import MAX_RANGES, accept_quality, accepts_explicitly, prefers_html
from tests.support.browser import HTML as OF_BROWSERS


def asked(header: str | None, path: str = "/"):
    headers = {} if header is None else {"accept": header}
    return RequestFactory().get(path, headers=headers)


@pytest.mark.parametrize(
    ("header", "quality"),
    [
        (None, 1),
        ("*/*", 1),
        ("TEXT/HTML", 1),
        ("text/*;q=0.3, */*", 0.3),
        ("text/html;q=0, */*", 0),
        ("*/*, text/html;Q=0.2", 0.2),
        ("text/html;level=1", 0),
        ("application/json", 0),
        ("text/html-x, xtext/html", 0),
        ("", 0),
        ("text/html; x*=rot13''a, text/plain", 0),
        (f"{'text/plain,' * MAX_RANGES}text/html", 0),
    ],
)
def test_quality_of_html_is_that_of_the_most_specific_range(header: str | None, quality: float):
    assert accept_quality(asked(header), "text/html") == quality


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("application/json", True),
        ("Application/JSON; q=0.1", True),
        ("application/*", True),
        ("application/json;q=0, */*", False),
        ("application/json-seq", False),
        ("application/problem+json", False),
        ("*/*", False),
        (None, False),
    ],
)
def test_json_is_accepted_explicitly_unless_only_by_wildcard(header: str | None, named: bool):
    assert accepts_explicitly(asked(header), "application/json") is named


@pytest.mark.parametrize(
    ("header", "page"),
    [
        (OF_BROWSERS, True),
        ("text/html", True),
        ("Text/HTML", True),
        ("text/html, application/json", True),
        ("text/html;q=0.5, application/json", False),
        ("text/html;q=0.5, application/problem+json", False),
        ("text/html;q=0", False),
        ("text/htmlx", False),
        ("*/*", False),
        (None, False),
    ],
)
def test_html_is_preferred_with_at_least_equal_quality(header: str | None, page: bool):
    assert prefers_html(asked(header)) is page
    assert not prefers_html(asked(header, "/api/users"))


def test_long_accept_header_is_parsed_up_to_maximum(monkeypatch: pytest.MonkeyPatch):
    parsed: list[str] = []
    kind = negotiation.MediaType

    def counted(text: str):
        parsed.append(text)
        return kind(text)

    monkeypatch.setattr(negotiation, "MediaType", counted)
    accept_quality(asked("a/b;q=1," * 1000 + "c/d" + ";" * 8000), "text/html")

    assert len(parsed) <= MAX_RANGES + 1
