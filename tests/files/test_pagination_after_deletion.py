"""Links to a page whose rows were deleted in between lead to the remaining rows."""

import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file


@pytest.fixture
def common_word() -> str:
    """A word that all file names of the test contain."""
    return secrets.token_hex(6)


@pytest.fixture
def list_files(acme: Agency) -> Callable[[str], dict]:
    def shown(url: str) -> dict:
        parts = urlsplit(url)
        response = acme.owner.at.get(f"{parts.path}?{parts.query}")
        assert response.status_code == 200, response.text
        return response.json()

    return shown


def names(page: dict) -> list[str]:
    return [file["name"].rpartition("-")[2] for file in page["results"]]


def delete_files(acme: Agency, page: dict) -> None:
    for file in page["results"]:
        assert acme.owner.at.delete(f"/api/files/{file['id']}").status_code == 204


@pytest.mark.parametrize(("left", "before"), [(4, ["2", "3"]), (2, ["0", "1"]), (1, ["0"])])
def test_later_page_after_deletion_links_to_the_last_rows(
    acme: Agency, common_word: str, list_files, left: int, before: list[str]
):
    for number in range(left + 1):
        add_file(acme.owner.at, f"{common_word}-{number}")
    first = f"/api/files?search={common_word}&ordering=name&limit="
    url = list_files(f"{first}{left}")["next"].replace(f"limit={left}", "limit=2")
    delete_files(acme, list_files(url))

    emptied = list_files(url)
    previous = list_files(emptied["previous"])

    assert (emptied["results"], emptied["next"]) == ([], None)
    assert names(previous) == before
    assert (previous["previous"] is not None) == (left > 2)
    assert f"search={common_word}" in emptied["previous"]


def test_earlier_page_after_deletion_links_to_the_first_page(
    acme: Agency, common_word: str, list_files
):
    for number in range(3):
        add_file(acme.owner.at, f"{common_word}-{number}")
    first = list_files(f"/api/files?search={common_word}&ordering=name&limit=1")
    back = list_files(first["next"])["previous"]
    delete_files(acme, first)

    emptied = list_files(back)

    assert (emptied["results"], emptied["previous"]) == ([], None)
    assert names(list_files(emptied["next"])) == ["1"]


def test_page_after_deletion_of_all_rows_links_to_the_first_page(
    acme: Agency, common_word: str, list_files
):
    for number in range(2):
        add_file(acme.owner.at, f"{common_word}-{number}")
    first = list_files(f"/api/files?search={common_word}&ordering=name&limit=1")
    last = list_files(first["next"])
    delete_files(acme, first)
    delete_files(acme, last)

    beginning = list_files(list_files(first["next"])["previous"])

    assert beginning == {"results": [], "next": None, "previous": None}
