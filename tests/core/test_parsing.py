"""Strict parsers for numbers, times and media types from clients."""

import argparse

import pytest

from core.text.parsing import integer_argument, is_media_type, parse_integer, parse_timestamp

ARABIC_TEN = "\u0661\u0660"
FULL_WIDTH_TEN = "\uff11\uff10"
NOT_INTEGERS = ["", "1_0", "+1", " 1", "1 ", "1\n", "01", "1.0", "1e3", "0x1", "--1", "9" * 20]
INSTANTS = {
    "2026-11-22T03:04:05Z": "2026-11-22T03:04:05+00:00",
    "2026-11-22t03:04:05z": "2026-11-22T03:04:05+00:00",
    "2026-11-22T03:04:05.5+02:00": "2026-11-22T01:04:05.500000+00:00",
    "2026-11-22T03:04:05.123456789Z": "2026-11-22T03:04:05.123456+00:00",
    "2026-11-22T03:04:05-00:00": "2026-11-22T03:04:05+00:00",
    "2016-12-31T23:59:60Z": "2017-01-01T00:00:00+00:00",
}
NOT_INSTANTS = [
    "",
    "2026-11-22",
    "2026-W47-7T03:04:05Z",
    "2026-11-22T03:04:05",
    "2026-11-22T03:04Z",
    "2026-11-22 03:04:05Z",
    "20261122T030405Z",
    "2026-11-22T03:04:05+0200",
    "2026-11-22T03:04:05+02",
    "2026-11-22T03:04:05+24:00",
    "2026-11-22T24:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-11-22T03:04:05,5Z",
    "2026-11-22T03:04:05Z\n",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:60Z",
    "\uff12\uff10\uff12\uff16-11-22T03:04:05Z",
    "2026-11-22T03:04:05." + "0" * 1_000_000 + "Z",
]
MEDIA_TYPES = [
    "text/plain",
    "TEXT/Plain",
    "text/plain; charset=utf-8",
    'text/plain;charset="utf-8" ; x="a \\" b"',
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "text/plain;",
]
NOT_MEDIA_TYPES = [
    "",
    "text",
    "text/",
    "/plain",
    "text /plain",
    "тест/plain",
    "text/plain; charset",
    "text/plain; charset=ü",
    'text/plain; x="ü"',
    'text/plain; x="a',
    "text/plain\r\nX-Other: 1",
    "text/plain, text/html",
    "text/" + "x" * 1_000_000,
    # With backtracking these take 2^120 steps, so the test does not end.
    "text/plain" + " ;" * 120 + "x",
    "text/plain" + "\t;" * 120 + '"',
    'text/plain;a="' + "\\" * 240,
]


@pytest.mark.parametrize(
    "text", ["a/b" + " ;" * 120, "a/b ; ;\tc=d ;", 'a/b;c="\\"" ;; d=e', "a/b; "]
)
def test_media_type_with_empty_parameters_is_accepted(text: str):
    assert is_media_type(text)


@pytest.mark.parametrize("text", ["0", "7", "-7", "10", "9" * 19])
def test_decimal_integer_is_parsed(text: str):
    assert parse_integer(text) == int(text)


@pytest.mark.parametrize("text", [*NOT_INTEGERS, ARABIC_TEN, FULL_WIDTH_TEN, "1" * 1_000_000])
def test_other_integer_notation_is_refused(text: str):
    with pytest.raises(ValueError, match="whole number"):
        parse_integer(text)


@pytest.mark.parametrize(("text", "moment"), INSTANTS.items())
def test_rfc_3339_timestamp_is_parsed(text: str, moment: str):
    assert parse_timestamp(text).isoformat() == moment


@pytest.mark.parametrize("text", NOT_INSTANTS, ids=lambda text: text[:30])
def test_other_time_notation_is_refused(text: str):
    with pytest.raises(ValueError, match="RFC 3339"):
        parse_timestamp(text)


@pytest.mark.parametrize("text", MEDIA_TYPES)
def test_media_type_is_accepted(text: str):
    assert is_media_type(text)


@pytest.mark.parametrize("text", NOT_MEDIA_TYPES, ids=lambda text: text[:30])
def test_invalid_media_type_is_refused(text: str):
    assert not is_media_type(text)


@pytest.mark.parametrize("text", ["1_0", ARABIC_TEN, "-1", "9" * 19])
def test_command_argument_in_other_notation_is_refused(text: str):
    assert integer_argument()("10") == 10
    with pytest.raises(argparse.ArgumentTypeError):
        integer_argument()(text)
