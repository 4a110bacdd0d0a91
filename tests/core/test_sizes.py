"""Sizes with units, and their parser."""

import pytest

from core.text.sizes import exact_size, format_share, format_size, parse_size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1 MiB"),
        (50 * 1024**3, "50 GiB"),
        (2**63 - 1, "8 EiB"),
        (-2048, "-2 KiB"),
    ],
)
def test_size_is_shown_with_the_largest_fitting_unit(size: int, text: str):
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (1, "1 bytes"),
        (500 * 1000**2, "500 MB"),
        (2 * 1024**3, "2 GiB"),
        (1536 * 1024**2, "1536 MiB"),
        (1024**3 - 1, "1073741823 bytes"),
        (2**63 - 1, "9223372036854775807 bytes"),
    ],
)
def test_exact_size_is_parsed_to_the_same_bytes(size: int, text: str):
    assert exact_size(size) == text
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1048576", 1048576),
        ("50GiB", 50 * 1024**3),
        (" 50 gib ", 50 * 1024**3),
        ("50GB", 50 * 1000**3),
        ("1.5 TiB", 1536 * 1024**3),
        ("0.1B", 0),
        ("7 bytes", 7),
    ],
)
def test_size_with_unit_is_parsed_to_bytes(text: str, size: int):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GiB",
        "50G",
        "50 GiBs",
        "-1",
        "+1",
        "1e9",
        "0x10",
        "\u0665GiB",
        "1_000",
        "1,5GiB",
        "9" * 30,
    ],
)
def test_text_that_is_no_size_is_refused(text: str):
    with pytest.raises(ValueError, match="50GiB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, "0 %"),
        (1, 1000, "< 1 %"),
        (999, 1000, "99 %"),
        (12, 10, "120 %"),
        (0, 0, "0 %"),
        (1, 0, "100 %"),
    ],
)
def test_share_is_shown_in_percent(part: int, whole: int, text: str):
    assert format_share(part, whole) == text
