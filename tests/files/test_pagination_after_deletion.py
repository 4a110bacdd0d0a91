"""Links to a page whose rows were deleted in between lead to the remaining rows."""

import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file


@pytest.fixture
def word() -> str:
    """A word that all file names of the test contain."""
    return secrets.token_hex(6)


@pytest.fixture
def show(acme: Agency) -> Callable[[str], dict]:
    def shown(url: str) -> dict:
        parts = urlsplit(url)
        answer = acme.owner.at.get(f"{parts.path}?{parts.query}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    return shown


def names(page: dict) -> list[str]:
    return [file["name"].rpartition("-")[2] for file in page["results"]]


def gone(acme: Agency, page: dict) -> None:
    for file in page["results"]:
        assert acme.owner.at.delete(f"/api/files/{file['id']}").status_code == 204


@pytest.mark.parametrize(("left", "before"), [(4, ["2", "3"]), (2, ["0", "1"]), (1, ["0"])])
def test_later_page_after_deletion_links_to_the_last_rows(
    acme: Agency, word: str, show, left: int, before: list[str]
):
    for number in range(left + 1):
        add_file(acme.owner.at, f"{word}-{number}")
    first = f"/api/files?search={word}&ordering=name&limit="
    url = show(f"{first}{left}")["next"].replace(f"limit={left}", "limit=2")
    gone(acme, show(url))

    emptied = show(url)
    previous = show(emptied["previous"])

    assert (emptied["results"], emptied["next"]) == ([], None)
    assert names(previous) == before
    assert (previous["previous"] is not None) == (left > 2)
    assert f"search={word}" in emptied["previous"]


def test_earlier_page_after_deletion_links_to_the_first_page(acme: Agency, word: str, show):
    for number in range(3):
        add_file(acme.owner.at, f"{word}-{number}")
    first = show(f"/api/files?search={word}&ordering=name&limit=1")
    back = show(first["next"])["previous"]
    gone(acme, first)

    emptied = show(back)

    assert (emptied["results"], emptied["previous"]) == ([], None)
    assert names(show(emptied["next"])) == ["1"]


def test_page_after_deletion_of_all_rows_links_to_the_first_page(acme: Agency, word: str, show):
    for number in range(2):
        add_file(acme.owner.at, f"{word}-{number}")
    first = show(f"/api/files?search={word}&ordering=name&limit=1")
    last = show(first["next"])
    gone(acme, first)
    gone(acme, last)

    beginning = show(show(first["next"])["previous"])

    assert beginning == {"results": [], "next": None, "previous": None}
