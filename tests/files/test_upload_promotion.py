"""Promotion of a staged upload: only verified content becomes a file, by one call at a time."""

from collections.abc import Callable

import httpx
import pytest

from accounts.models import User
from files.models import File, Upload
from files.problems import ChecksumMismatch, UploadIncomplete
from files.storage.deletion import purge_key
from files.uploads.cleanup import abandon
from files.uploads.completion import finalize
from files.uploads.objects import staging_key
from files.uploads.promotion import find_or_assemble, promote
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.files.bucket import sha256
from tests.support.files.consistency import assert_consistent
from tests.support.files.direct_uploads import post_complete, post_upload, put_content
from tests.support.http_client import Site


class CompletionSteps:
    """A caller that completes an upload of five bytes step by step, inside the tenant."""

    def __init__(self, site: Site, agency: Agency, data: bytes) -> None:
        self._site, self.agency, self.host = site, agency, agency.owner.at
        self.begun = post_upload(self.host, "a.txt", 5).json()
        self.send(data)
        with tenant_context(agency.ref):
            self.upload = Upload.objects.get(pk=self.begun["id"])
            self.user = User.objects.get(pk=agency.owner.id)
            self.seen = find_or_assemble(self.upload, {})

    def send(self, data: bytes) -> None:
        """Replace the staged content."""
        put_content(self._site, self.begun, data)

    def completed(self) -> httpx.Response:
        """Complete it by a concurrent call, over HTTP."""
        return post_complete(self.host, self.begun)

    def go_on(self, between: Callable[[], None] = lambda: None) -> File:
        """Verify the stored object and make it a file; ``between`` runs after the verification."""
        with tenant_context(self.agency.ref):
            return finalize(self.upload, self.seen, user=self.user, on_chunk=between)


@pytest.fixture
def begin(site: Site, new_agency: Callable[[], Agency]) -> Callable[[bytes], CompletionSteps]:
    """Return a function that sends bytes and finds them in the store."""
    return lambda data: CompletionSteps(site, new_agency(), data)


def test_content_staged_later_never_replaces_a_file(begin):
    """A slower call has verified other content, and continues when that is staged again."""
    slower, made = begin(b"later"), []

    def change_staging() -> None:
        slower.send(b"first")
        made.append(slower.completed())
        slower.send(b"later")

    file = slower.go_on(change_staging)

    assert (made[0].status_code, made[0].json()["id"]) == (201, str(file.id))
    assert made[0].json()["sha256"] == sha256(b"first")
    assert slower.host.get(f"/api/files/{file.id}/content").content == b"first"
    assert_consistent(slower.agency)


def test_content_staged_after_the_check_is_checked_again(begin):
    """The verified content is missing at the time of the promotion."""
    slower = begin(b"first")

    with pytest.raises(UploadIncomplete):
        slower.go_on(lambda: slower.send(b"later"))
    none_yet = slower.host.get("/api/files").json()["results"]

    assert none_yet == []
    assert slower.completed().json()["sha256"] == sha256(b"later")
    assert_consistent(slower.agency)


def test_staged_content_missing_after_the_check_is_reported_missing(begin):
    slower = begin(b"first")
    with tenant_context(slower.agency.ref):
        key = staging_key(slower.upload)

    with pytest.raises(UploadIncomplete):
        slower.go_on(lambda: purge_key(key))

    assert slower.completed().json()["missing"] == [1]
    slower.send(b"again")
    assert slower.completed().json()["sha256"] == sha256(b"again")
    assert_consistent(slower.agency)


def test_slower_completion_returns_the_file_of_the_faster(begin):
    slower = begin(b"bytes")

    made = slower.completed()
    file = slower.go_on()

    assert (made.status_code, made.json()["id"]) == (201, str(file.id))
    assert_consistent(slower.agency)


def test_slower_completion_reports_the_mismatch_of_the_faster(begin):
    slower = begin(b"bytes")

    with tenant_context(slower.agency.ref):
        abandon(Upload.objects.get(), Upload.Reason.MISMATCH, user=slower.user)
    with pytest.raises(ChecksumMismatch):
        slower.go_on()

    assert_consistent(slower.agency)


def test_content_replaced_twice_during_the_check_is_refused(begin):
    """The content is found, replaced, and put back while the other content is read."""
    slower = begin(b"first")
    slower.send(b"other")

    with pytest.raises(UploadIncomplete):
        slower.go_on(lambda: slower.send(b"first"))

    assert slower.completed().json()["sha256"] == sha256(b"other")
    assert_consistent(slower.agency)


def test_completion_killed_after_promotion_leaves_no_extra_version(begin):
    dying = begin(b"bytes")
    with tenant_context(dying.agency.ref):
        promote(dying.upload, dying.seen)

    assert dying.completed().status_code == 201
    assert_consistent(dying.agency)
