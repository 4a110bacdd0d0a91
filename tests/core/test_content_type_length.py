"""A long ``Content-Type`` is not parsed: the library takes quadratic time for some."""

from typing import Any

import pytest

from aggios.serving import request_bodies
from aggios.serving.request_bodies import MAX_TYPE_LENGTH, with_readable_type


@pytest.mark.parametrize(
    ("length", "parsed"), [(MAX_TYPE_LENGTH, True), (MAX_TYPE_LENGTH + 1, False), (8190, False)]
)
def test_content_type_by_its_length_is_parsed_or_blanked(
    monkeypatch: pytest.MonkeyPatch, length: int, parsed: bool
):
    calls: list[str] = []
    monkeypatch.setattr(request_bodies, "parse_header_parameters", calls.append)
    given = 'application/json; "'.ljust(length, ";")
    seen: dict[str, Any] = {}

    with_readable_type(lambda environ, _: seen.update(environ) or [])({"CONTENT_TYPE": given}, None)

    assert calls == ([given] if parsed else [])
    assert seen["CONTENT_TYPE"] == (given if parsed else "")
