"""Many files deleted, restored and purged at once: all or nothing, with the permissions of one."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from accounts.models import User
from audit.models import AuditEvent
from core.problems import NotFound, Problem, ValidationFailed
from files import bulk
from files.bulk import purge_files, restore_files, trash_files
from files.models import File, FileVersion, Share, Upload
from files.problems import NameTaken, TooManyFiles
from files.quota import compute_balance, usage_and_limits
from files.uploads.cleanup import clean_up_due
from tenants.context import tenant_context
from tests.support.factories import Agency, Person, add_member
from tests.support.files.bucket import stored_keys
from tests.support.files.form_uploads import add_file
from tests.support.files.shares import create_share

Operation = Callable[..., Any]
ACTIONS = {
    trash_files: "file.deleted",
    restore_files: "file.restored",
    purge_files: "file.purged",
}
OPERATIONS = pytest.mark.parametrize("operation", ACTIONS, ids=lambda call: call.__name__)


def run(operation: Operation, agency: Agency, person: Person, ids: Sequence[str]) -> Any:
    with tenant_context(agency.ref):
        user = User.objects.get(pk=person.id)
        return operation([uuid.UUID(file_id) for file_id in ids], user=user)


def add_files(owner: Person, *names: str, trashed: bool = False) -> list[str]:
    ids = [add_file(owner.at, name, name.encode())["id"] for name in names]
    if trashed:
        assert {owner.at.delete(f"/api/files/{file_id}").status_code for file_id in ids} == {204}
    return ids


def listed(person: Person, path: str) -> set[str]:
    return {row["id"] for row in person.at.get(path).json()["results"]}


def events(agency: Agency, operation: Operation) -> list[AuditEvent]:
    with tenant_context(agency.ref):
        return list(AuditEvent.objects.filter(action=ACTIONS[operation]).order_by("at"))


def test_files_go_to_the_trash_and_come_back(agency: Agency):
    ids = add_files(agency.owner, "a", "b", "c")

    run(trash_files, agency, agency.owner, ids[:2])

    assert listed(agency.owner, "/api/files") == {ids[2]}
    assert listed(agency.owner, "/api/trash") == set(ids[:2])
    run(restore_files, agency, agency.owner, ids[:2])
    assert listed(agency.owner, "/api/files") == set(ids)
    assert listed(agency.owner, "/api/trash") == set()
    for operation in (trash_files, restore_files):
        written = events(agency, operation)
        assert [event.target_id for event in written] == ids[:2]
        assert [event.target_label for event in written] == ["a", "b"]
        assert {event.actor_id for event in written} == {agency.owner.id}


def test_purge_leaves_nothing_of_the_files(agency: Agency):
    kept = add_files(agency.owner, "kept", "kept in trash")
    first = add_files(agency.owner, "a", "b")
    add_file(agency.owner.at, "a", b"second version")
    restored = agency.owner.at.post(f"/api/files/{first[0]}/versions/1/restore")
    assert restored.status_code == 200
    create_share(agency.owner.at, first[1])
    run(trash_files, agency, agency.owner, [*first, kept[1]])
    before = stored_keys(agency)

    assert run(purge_files, agency, agency.owner, first) == 2

    assert (len(before), len(stored_keys(agency))) == (5, 2)
    with tenant_context(agency.ref):
        assert {str(key) for key in File.objects.values_list("pk", flat=True)} == set(kept)
        assert FileVersion.objects.count() == 2
        assert not Share.objects.exists()
        assert not Upload.objects.filter(state="purged", cleared_at=None).exists()
        usage, sums = usage_and_limits(), compute_balance()
    assert (usage["used_bytes"], usage["used_objects"]) == (sums.used_bytes, sums.used_objects)
    details = {event.target_label: event.details for event in events(agency, purge_files)}
    assert details == {"a": {"versions": 3, "size": 15}, "b": {"versions": 1, "size": 1}}


def test_purge_of_many_objects_is_finished_by_the_clean_up(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
):
    ids = add_files(agency.owner, "a", "b", "c", trashed=True)
    monkeypatch.setattr(bulk, "CLEAN_UP_NOW", 1)

    run(purge_files, agency, agency.owner, ids)

    assert len(stored_keys(agency)) == 2
    with tenant_context(agency.ref):
        clean_up_due()
    assert stored_keys(agency) == set()


@OPERATIONS
def test_one_unreadable_file_stops_the_whole_call(
    agency: Agency, new_agency: Callable[..., Agency], operation: Operation
):
    member, other = add_member(agency, "ben@bulk.test"), new_agency()
    trashed = operation is not trash_files
    own = add_files(member, "own", "own too", trashed=trashed)
    foreign = add_files(agency.owner, "colleague's", trashed=trashed)
    foreign += add_files(other.owner, "other tenant's", trashed=trashed)
    foreign += add_files(member, "in the other state", trashed=not trashed)
    with tenant_context(agency.ref):
        before = list(File.objects.order_by("pk").values_list())

    with pytest.raises(NotFound) as raised:
        run(operation, agency, member, [own[0], *foreign, own[1]])

    assert [error.field for error in raised.value.errors] == ["files.1", "files.2", "files.3"]
    with tenant_context(agency.ref):
        assert list(File.objects.order_by("pk").values_list()) == before
    assert not {event.target_id for event in events(agency, operation)} & set(own)


@OPERATIONS
def test_manager_may_change_files_of_members(agency: Agency, operation: Operation):
    member = add_member(agency, "ben@bulk.test")
    ids = add_files(member, "a", "b", trashed=operation is not trash_files)

    run(operation, agency, agency.owner, ids)

    assert {event.actor_id for event in events(agency, operation)} == {agency.owner.id}


@OPERATIONS
@pytest.mark.parametrize(("count", "problem"), [(0, ValidationFailed), (3, TooManyFiles)])
def test_number_of_files_is_checked_first(
    acme: Agency, settings: Any, operation: Operation, count: int, problem: type[Problem]
):
    settings.FILES_BULK_MAX = 2

    with pytest.raises(problem):
        run(operation, acme, acme.owner, [str(uuid.uuid4()) for _ in range(count)])


@OPERATIONS
def test_repeated_id_counts_once(agency: Agency, operation: Operation):
    ids = add_files(agency.owner, "a", trashed=operation is not trash_files)

    run(operation, agency, agency.owner, ids * 3)

    assert len(events(agency, operation)) == 1


def test_restore_with_a_taken_name_restores_nothing(agency: Agency):
    ids = add_files(agency.owner, "a", "b", trashed=True)
    second = add_files(agency.owner, "b", trashed=True)
    add_files(agency.owner, "a")

    with pytest.raises(NameTaken) as raised:
        run(restore_files, agency, agency.owner, [*ids, *second])

    assert [error.field for error in raised.value.errors] == ["files.0", "files.2"]
    assert listed(agency.owner, "/api/trash") == {*ids, *second}
    assert events(agency, restore_files) == []
