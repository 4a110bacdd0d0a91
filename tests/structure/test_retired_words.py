"""Nothing of ours uses a word that docs/glossary.md retires, but for files not yet rewritten."""

import pytest

from tests.structure.retired_words import (
    hits,
    list_of,
    not_yet_rewritten,
    public_names,
    retired,
    tracked,
)

UPDATE = "python tests/structure/retired_words.py --update"


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


def test_rewritten_files_hold_no_retired_word():
    listed = not_yet_rewritten()
    found = [hit for name in tracked() if name not in listed for hit in hits(name)]

    assert found == []


def test_listed_files_exist_and_hold_retired_words():
    names = set(tracked())
    clean = {name for name in not_yet_rewritten() if name not in names or not hits(name)}

    assert clean == set(), f"Take them off the list: {UPDATE}"


def test_list_of_a_file_is_that_of_its_folder():
    assert list_of("core/rate_limits/limits.py").name == "core.txt"
    assert list_of("tests/core/test_rate_limits.py").name == "tests-core.txt"
    assert list_of("README.md").name == "root.txt"
