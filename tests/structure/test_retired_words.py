"""Nothing of ours uses a word that docs/glossary.md retires."""

import pytest

from tests.structure.retired_words import hits, public_names, retired, tracked


def test_glossary_retires_words():
    assert len(retired()) > 40
    assert {"desk", "landing", "nobody"} <= retired()


def test_public_names_are_exempt():
    assert {"Letter", "RATE_LIMIT_MAIL_UNVERIFIED"} <= public_names()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('"""Nobody waits."""\n', ["nobody"]),
        ("# at the front door\n", ["door"]),
        ("class HashingDesk: ...\n", ["desk"]),
        ("def f(*, landing_key): ...\n", ["landing"]),
        ("x.patience = 1\n", ["patience"]),
        ('"""Of a third party, in lower-case letters, see ``landing_key``."""\n', []),
        ('code = "no_room"\nprint(Desk)\n', []),
        ("warehouse = 1\n", []),
    ],
)
def test_retired_word_in_name_or_text_is_found(tmp_path, monkeypatch, content, expected):
    assert public_names()  # read from this checkout, and kept
    monkeypatch.setattr("tests.structure.retired_words.ROOT", tmp_path)
    (tmp_path / "example.py").write_text(content)

    assert [hit.rpartition(" ")[2] for hit in hits("example.py")] == expected


def test_no_file_holds_a_retired_word():
    assert [hit for name in tracked() for hit in hits(name)] == []
