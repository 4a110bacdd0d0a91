"""Creating a share while its file is deleted: the file exists, or the share does not."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction

from accounts.models import User
from files.models import File, Share
from files.services import trash_file
from files.trash import purge_file
from tenants.context import tenant_context
from tests.support.accounts.tokens import status_and_code
from tests.support.concurrency import request_during
from tests.support.factories import Agency
from tests.support.files.consistency import assert_invariants
from tests.support.files.form_uploads import add_file
from tests.support.files.shares import audit_events


@contextmanager
def deletion_in_progress(agency: Agency, file_id: uuid.UUID, *, purged: bool) -> Iterator[None]:
    """Move a file to the trash, and purge it if asked; commit when the block ends."""
    with tenant_context(agency.ref), transaction.atomic():
        owner = User.objects.get(pk=agency.owner.id)
        trash_file(file_id, user=owner, check=lambda _: None)
        if purged:
            purge_file(file_id, user=owner, check=lambda _: None)
        yield


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}], ids=str)
@pytest.mark.parametrize("purged", [False, True])
def test_share_of_a_file_deleted_concurrently_is_not_found(new_agency, headers: dict, purged: bool):
    agency = new_agency()
    file = uuid.UUID(add_file(agency.owner.at, "plan.txt")["id"])
    path = f"/api/files/{file}/shares"

    response = request_during(
        deletion_in_progress(agency, file, purged=purged),
        lambda: agency.owner.at.post(path, {"max_downloads": 1}, headers=headers),
    )

    assert status_and_code(response) == (404, "not_found")
    assert audit_events(agency, "share.created") == []
    with tenant_context(agency.ref):
        assert (File.objects.count(), Share.objects.count()) == (0 if purged else 1, 0)
    assert_invariants(agency)
