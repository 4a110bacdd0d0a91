"""Tables of commands: every column stays readable with any text."""

import io

import pytest

from core.text.normalization import pluralize
from tenants.management.terminal import make_table, print_table

COLUMNS = ("subdomain", "name", "state")


def printed(*rows: tuple[str, str, str]) -> str:
    table = make_table(COLUMNS, free=("name",), title="Tenants")
    for row in rows:
        table.add_row(*row)
    out = io.StringIO()
    print_table(out, table)
    return out.getvalue()


def test_long_name_leaves_other_columns_visible():
    name = "N" * 300
    text = printed(("acme", name, "active"), ("b" * 40, "Short", "suspended"))

    [first] = [line for line in text.splitlines() if "acme" in line]
    assert first.split() == ["acme", "N" * 48, "active"]
    assert text.count("N") == len(name)
    assert "b" * 40 in text
    assert "suspended" in text


@pytest.mark.parametrize("name", ["[/] A", "[bold]A[/bold]", "[red", ":smile:", "[link=x]A"])
def test_markup_in_a_name_is_printed_literally(name: str):
    assert name in printed(("acme", name, "active"))


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 tenants"), (1, "1 tenant"), (2, "2 tenants")],
)
def test_counted_uses_the_plural_form(count: int, words: str):
    assert pluralize(count, "tenant") == words


def test_counted_uses_the_given_irregular_plural():
    assert (pluralize(1, "entry", "entries"), pluralize(2, "entry", "entries")) == (
        "1 entry",
        "2 entries",
    )
