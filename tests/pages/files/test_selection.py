"""Selected files and folders: trash, move, ZIP; renaming; races; ids of others."""

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from audit.models import AuditEvent
from files.models import File
from tenants.context import tenant_context
from tests.support.browser import TOKEN, Browser, logged_in
from tests.support.factories import Agency, Person, add_member
from tests.support.files.filename_cases import ACCEPTED, FILENAME_CASES
from tests.support.files.form_uploads import add_file
from tests.support.files.page_rows import shown_names, shown_notice
from tests.support.http_client import Site


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return logged_in(site, agency)


def add(person: Person, path: str, data: bytes = b"content") -> str:
    return str(add_file(person.at, "x", data, path=path)["id"])


def live_names(agency: Agency) -> list[str]:
    with tenant_context(agency.ref):
        rows = File.objects.filter(deleted_at=None).order_by("name")
        return list(rows.values_list("name", flat=True))


def submit(browser: Browser, path: str, **fields: object):
    """Send a form of the list of files."""
    token = TOKEN.search(browser.get("/logout").text)
    assert token
    return browser.post(path, {"csrfmiddlewaretoken": token[1], **fields})


def test_selected_files_and_folders_go_to_the_trash(browser: Browser, agency: Agency):
    first, _, kept = (add(agency.owner, name) for name in ("a.txt", "f/b.txt", "c.txt"))

    sent = submit(browser, "/files/trash", file=first, folder="f/", **{"from": ""})
    page = browser.follow(sent)

    assert "Moved to the trash" in shown_notice(page)
    assert shown_names(page) == ["c.txt"]
    assert live_names(agency) == ["c.txt"]
    with tenant_context(agency.ref):
        events = AuditEvent.objects.filter(action="file.deleted")
        assert {event.actor_id for event in events} == {agency.owner.id}
        assert str(kept) not in {event.target_id for event in events}
        assert len(events) == 2


def test_selected_files_are_one_zip(browser: Browser, agency: Agency):
    add(agency.owner, "f/g/a.txt", b"in the folder")
    single = add(agency.owner, "f/b.txt", b"alone")

    answer = submit(browser, "/files/archive", file=single, folder="f/g/", **{"from": "f/"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        assert {name: found.read(name) for name in found.namelist()} == {
            "g/a.txt": b"in the folder",
            "b.txt": b"alone",
        }


def test_move_asks_for_a_folder_and_moves(browser: Browser, agency: Agency):
    single = add(agency.owner, "a.txt")
    add(agency.owner, "f/b.txt")
    chosen = {"file": single, "folder": "f/", "from": ""}

    asked = submit(browser, "/files/move", **chosen)
    moved = submit(browser, "/files/move", **chosen, target="new/place")

    assert asked.status_code == 200
    assert f'name="file" value="{single}"' in asked.text
    assert (moved.status_code, moved.headers["location"]) == (
        303,
        "/files?path=new%2Fplace%2F&notice=moved",
    )
    assert live_names(agency) == ["new/place/a.txt", "new/place/f/b.txt"]


def test_move_onto_a_taken_name_moves_nothing(browser: Browser, agency: Agency):
    first, second = add(agency.owner, "a.txt"), add(agency.owner, "b.txt")
    add(agency.owner, "f/b.txt")

    answer = submit(browser, "/files/move", file=[first, second], target="f/", **{"from": ""})

    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert live_names(agency) == ["a.txt", "b.txt", "f/b.txt"]


def test_folder_is_not_moved_into_itself(browser: Browser, agency: Agency):
    add(agency.owner, "f/a.txt")

    answer = submit(browser, "/files/move", folder="f/", target="f/g/", **{"from": ""})

    assert answer.status_code == 409
    assert live_names(agency) == ["f/a.txt"]


@pytest.mark.parametrize("path", ["/files/trash", "/files/archive", "/files/move"])
def test_empty_selection_and_unknown_ids_change_nothing(
    browser: Browser, agency: Agency, path: str
):
    add(agency.owner, "a.txt")

    nothing = browser.follow(submit(browser, path, **{"from": ""}))
    invalid = submit(browser, path, file="no id")
    unknown = submit(browser, path, file=str(uuid4()), target="x")

    assert "Choose at least one" in shown_notice(nothing)
    assert invalid.status_code == 404
    assert unknown.status_code in {303, 404}
    assert live_names(agency) == ["a.txt"]


@pytest.mark.parametrize("path", ["/files/trash", "/files/archive", "/files/move"])
def test_files_of_others_are_not_touched(site: Site, agency: Agency, globex: Agency, path: str):
    member = add_member(agency, "ben@selection.test")
    owners, own = add(agency.owner, "owner only.txt", b"secret"), add(member, "own.txt")
    outsider = logged_in(site, globex)

    for browser in (logged_in(site, agency, member), outsider):
        answer = submit(browser, path, file=[owners], target="x", **{"from": ""})
        both = submit(browser, path, file=[own, owners], folder="", target="x", **{"from": ""})
        assert {answer.status_code, both.status_code} <= {303, 400, 404}
        assert b"secret" not in answer.content + both.content
    assert live_names(agency) == ["own.txt", "owner only.txt"]


def test_file_is_renamed_in_its_folder(browser: Browser, agency: Agency):
    file = add(agency.owner, "f/a.txt")
    add(agency.owner, "f/taken.txt")

    form = browser.get(f"/files/{file}/rename")
    taken = browser.submit(f"/files/{file}/rename", {"name": "taken.txt"})
    renamed = browser.submit(f"/files/{file}/rename", {"name": "b.txt"})

    assert 'value="a.txt"' in form.text
    assert taken.status_code == 409
    assert 'role="alert"' in taken.text
    assert (renamed.status_code, renamed.headers["location"]) == (
        303,
        f"/files/{file}?notice=renamed",
    )
    assert live_names(agency) == ["f/b.txt", "f/taken.txt"]


@pytest.mark.parametrize(
    "case",
    [case for case in FILENAME_CASES if case.renamed != ACCEPTED or "<" in case.text],
    ids=lambda case: case.kind,
)
def test_hostile_new_name_is_refused_or_shown_as_text(site: Site, acme: Agency, case):
    browser, file = logged_in(site, acme), add(acme.owner, "rename me.txt")

    answer = browser.submit(f"/files/{file}/rename", {"name": case.text})
    page = browser.follow(answer) if answer.status_code == 303 else answer

    assert answer.status_code == (303 if case.renamed == ACCEPTED else 400)
    assert "<b>&amp;.txt" not in page.text
    acme.owner.at.delete(f"/api/files/{file}")


def test_folder_is_renamed(browser: Browser, agency: Agency):
    add(agency.owner, "f/g/a.txt")
    add(agency.owner, "f/b.txt")

    form = browser.get("/files/folder/rename?path=f/g/")
    renamed = browser.submit("/files/folder/rename?path=f/g/", {"name": "h"})

    assert 'value="g"' in form.text
    assert (renamed.status_code, renamed.headers["location"]) == (
        303,
        "/files?path=f%2F&notice=renamed",
    )
    assert live_names(agency) == ["f/b.txt", "f/h/a.txt"]
    assert browser.get("/files/folder/rename?path=unknown/").status_code == 404
    assert browser.get("/files/folder/rename").status_code == 404


def test_concurrent_trash_and_rename_keep_one_consistent_row(
    site: Site, browser: Browser, agency: Agency
):
    other, file = logged_in(site, agency), add(agency.owner, "a.txt")

    with ThreadPoolExecutor(2) as pool:
        trashed = pool.submit(submit, browser, "/files/trash", file=file, **{"from": ""})
        renamed = pool.submit(submit, other, f"/files/{file}/rename", name="b.txt")

    assert trashed.result().status_code == 303
    assert renamed.result().status_code in {303, 404}
    with tenant_context(agency.ref):
        row = File.objects.get()
        actions = list(AuditEvent.objects.filter(target_id=file).values_list("action", flat=True))
    assert row.deleted_at is not None
    assert row.name == ("b.txt" if renamed.result().status_code == 303 else "a.txt")
    assert actions.count("file.deleted") == 1


def test_two_people_trash_the_same_files_once(site: Site, browser: Browser, agency: Agency):
    files = [add(agency.owner, f"{number}.txt") for number in range(5)]
    other = logged_in(site, agency)

    with ThreadPoolExecutor(2) as pool:
        sent = [
            pool.submit(submit, person, "/files/trash", file=order, **{"from": ""})
            for person, order in ((browser, files), (other, files[::-1]))
        ]

    assert {answer.result().status_code for answer in sent} == {303}
    assert live_names(agency) == []
    with tenant_context(agency.ref):
        assert AuditEvent.objects.filter(action="file.deleted").count() == 5
