"""From where an upload landed to where it stays: verified bytes alone, by one at a time."""

import pytest

from accounts.models import User
from files.models import Upload
from files.objects.writing import clear
from files.problems import ChecksumMismatch, UploadIncomplete
from files.uploads.arriving import arrived, settle_in
from files.uploads.keeping import keep_arrived
from files.uploads.landing import landing_key
from files.uploads.settling import give_up
from tenants.context import tenant_context
from tests.files.agreeing import assert_agreed
from tests.files.bucket import sha256
from tests.files.direct import announced, completed, sent
from tests.site import Site


def test_what_lands_later_never_replaces_a_file_that_is_kept(site: Site, new_agency):
    """Somebody has verified other bytes, and goes on when the file is made and they are back."""
    agency = new_agency()
    ada = agency.owner.at
    begun = announced(ada, "a.txt", 5).json()
    sent(site, begun, b"later")
    made = []

    def meanwhile() -> None:
        sent(site, begun, b"first")
        made.append(completed(ada, begun))
        sent(site, begun, b"later")

    with tenant_context(agency.ref):
        upload, user = Upload.objects.get(pk=begun["id"]), User.objects.get(pk=agency.owner.id)
        file = keep_arrived(upload, arrived(upload, {}), user=user, between=meanwhile)

    assert (made[0].status_code, made[0].json()["id"]) == (201, str(file.id))
    assert made[0].json()["sha256"] == sha256(b"first")
    assert ada.get(f"/api/files/{file.id}/content").content == b"first"
    assert_agreed(agency)


def test_what_lands_after_the_look_is_looked_at_anew(site: Site, new_agency):
    """What was verified is not there any more when it is to be moved."""
    agency = new_agency()
    ada = agency.owner.at
    begun = announced(ada, "a.txt", 5).json()
    sent(site, begun, b"first")

    with tenant_context(agency.ref), pytest.raises(UploadIncomplete):
        upload, user = Upload.objects.get(pk=begun["id"]), User.objects.get(pk=agency.owner.id)
        seen = arrived(upload, {})
        keep_arrived(upload, seen, user=user, between=lambda: sent(site, begun, b"later"))
    none_yet = ada.get("/api/files").json()["results"]

    assert none_yet == []
    assert completed(ada, begun).json()["sha256"] == sha256(b"later")
    assert_agreed(agency)


def test_what_is_gone_after_the_look_is_asked_for_again(site: Site, new_agency):
    agency = new_agency()
    begun = announced(agency.owner.at, "a.txt", 5).json()
    sent(site, begun, b"first")

    with tenant_context(agency.ref), pytest.raises(UploadIncomplete):
        upload, user = Upload.objects.get(pk=begun["id"]), User.objects.get(pk=agency.owner.id)
        key = landing_key(upload)
        keep_arrived(upload, arrived(upload, {}), user=user, between=lambda: clear(key))

    assert completed(agency.owner.at, begun).json()["missing"] == [1]
    sent(site, begun, b"again")
    assert completed(agency.owner.at, begun).json()["sha256"] == sha256(b"again")
    assert_agreed(agency)


def test_one_who_looked_before_another_made_the_file_gets_that_file(site: Site, new_agency):
    agency = new_agency()
    begun = announced(agency.owner.at, "a.txt", 5).json()
    sent(site, begun, b"bytes")

    with tenant_context(agency.ref):
        upload, user = Upload.objects.get(pk=begun["id"]), User.objects.get(pk=agency.owner.id)
        seen = arrived(upload, {})
        made = completed(agency.owner.at, begun)
        file = keep_arrived(upload, seen, user=user)

    assert (made.status_code, made.json()["id"]) == (201, str(file.id))
    assert_agreed(agency)


def test_one_who_looked_before_another_found_a_mismatch_is_told_that(site: Site, new_agency):
    agency = new_agency()
    begun = announced(agency.owner.at, "a.txt", 5).json()
    sent(site, begun, b"bytes")

    with tenant_context(agency.ref):
        upload, user = Upload.objects.get(pk=begun["id"]), User.objects.get(pk=agency.owner.id)
        seen = arrived(upload, {})
        give_up(Upload.objects.get(), Upload.Reason.MISMATCH, by=user)
        with pytest.raises(ChecksumMismatch):
            keep_arrived(upload, seen, user=user)

    assert_agreed(agency)


def test_bytes_that_were_there_before_and_after_are_not_what_was_read(site: Site, new_agency):
    """Seen, replaced, and put back while the others are read."""
    agency = new_agency()
    begun = announced(agency.owner.at, "a.txt", 5).json()
    sent(site, begun, b"first")

    with tenant_context(agency.ref), pytest.raises(UploadIncomplete):
        upload, user = Upload.objects.get(pk=begun["id"]), User.objects.get(pk=agency.owner.id)
        seen = arrived(upload, {})
        sent(site, begun, b"other")
        keep_arrived(upload, seen, user=user, between=lambda: sent(site, begun, b"first"))

    assert completed(agency.owner.at, begun).json()["sha256"] == sha256(b"other")
    assert_agreed(agency)


def test_one_who_died_after_moving_leaves_no_version(site: Site, new_agency):
    agency = new_agency()
    begun = announced(agency.owner.at, "a.txt", 5).json()
    sent(site, begun, b"bytes")
    with tenant_context(agency.ref):
        upload = Upload.objects.get(pk=begun["id"])
        settle_in(upload, arrived(upload, {}))

    assert completed(agency.owner.at, begun).status_code == 201
    assert_agreed(agency)
