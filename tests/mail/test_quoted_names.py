"""Names that users choose, in e-mails: quoted, and left out if they look like a link."""

import pytest

from accounts.email.rendering import MAX_SHOWN_NAME_LENGTH, quoted_name

HOST = "acme.aggios.example"


@pytest.mark.parametrize(
    "name",
    [
        "Click https://evil.example now",
        "Visit evil.example now",
        "Visit \uff45vil\uff0eexample",
        "Visit evil\u2024example",
        "Visit evil\u3002example",
        "Visit evil\u200b.example",
        "www.evil",
        "mailto:eve",
        "Write to eve@evil",
        "Call +1 555 010 0200 now",
        "пример.рф",
        "10.0.0.10",
        "\u202e\u200b",
        "",
    ],
)
def test_name_like_a_link_is_not_shown(name: str):
    assert quoted_name(name, otherwise=HOST) == HOST


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Acme", '"Acme"'),
        ("Your account is locked: act now", '"Your account is locked: act now"'),
        ("Acme\u201d is closing. Click \u201chere", "\"Acme' is closing. Click 'here\""),
        ('Acme" is closing', '"Acme\' is closing"'),
        ("J.P. Smith & Co. 2026", '"J.P. Smith & Co. 2026"'),
        ("Pay\u202ePal", '"PayPal"'),
        ("Two\r\nlines", '"Two lines"'),
        ("Ágência Ünïted", '"Ágência Ünïted"'),
        ("N" * 120, f'"{"N" * MAX_SHOWN_NAME_LENGTH}"'),
    ],
)
def test_name_is_one_line_in_quotation_marks(name: str, shown: str):
    assert quoted_name(name, otherwise=HOST) == shown
