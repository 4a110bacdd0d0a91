"""The logo of a workspace: the API, and the store beside reconciliation and failures."""

import hashlib
import threading

import httpx
import pytest

from files.storage.client import client
from tests.support.branding import logo_key, stored_logo_of
from tests.support.factories import Agency, add_member
from tests.support.files.bucket import keys_under, read_object, stored_keys
from tests.support.files.reconciliation import NO_GRACE, object_location, run_reconcile
from tests.support.http_client import Host
from tests.support.pictures import JPEG, WEBP, huge_png, png

LOGO = "/api/tenant/logo"


@pytest.fixture
def agency(new_agency) -> Agency:
    return new_agency()


def put(host: Host, data: bytes, content_type: str = "image/png") -> httpx.Response:
    return host.put(LOGO, content=data, headers={"Content-Type": content_type})


def test_logo_is_set_read_and_removed(agency: Agency):
    ada = agency.owner.at

    done = put(ada, JPEG)  # the bytes decide, not the header

    digest = hashlib.sha256(read_object(logo_key(agency))).hexdigest()
    assert done.status_code == 200, done.text
    document = ada.get("/api/tenant").json()["logo"]
    assert document == done.json()
    assert (document["content_type"], document["sha256"]) == ("image/jpeg", digest)
    assert document["url"].endswith(f"{agency.host.name}:{agency.host.port}/logo?v={digest[:16]}")
    assert ada.delete(LOGO).status_code == 204
    assert ada.delete(LOGO).status_code == 204
    assert ada.get("/api/tenant").json()["logo"] is None
    assert stored_keys(agency) == set()


def test_entity_tag_of_the_workspace_covers_the_logo(agency: Agency):
    before = agency.owner.at.get("/api/tenant").headers["etag"]

    put(agency.owner.at, WEBP)

    assert agency.owner.at.get("/api/tenant").headers["etag"] != before


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "invalid_image"),
        (b"<svg/>", "invalid_image"),
        (png()[:-1], "invalid_image"),
        (huge_png(), "too_large"),
        (bytes(1_000_001), "too_large"),
    ],
    ids=["empty", "svg", "truncated", "huge", "bytes"],
)
def test_other_content_is_refused(agency: Agency, data: bytes, code: str):
    answer = put(agency.owner.at, data)

    assert answer.status_code == 400, answer.text
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("logo", code)]
    assert stored_keys(agency) == set()


def test_other_content_types_are_not_read(agency: Agency):
    assert put(agency.owner.at, png(), "text/html").status_code == 415
    assert agency.owner.at.put(LOGO, {"logo": "x"}).status_code == 415


def test_members_and_keys_without_the_scope_change_nothing(agency: Agency):
    member = add_member(agency, "member@logo.test")
    key = agency.owner.at.post("/api/keys", {"name": "k", "scopes": ["tenant:read"]}).json()["key"]

    refused = [put(at, png()) for at in (member.at, agency.host.with_token(key), agency.host)]

    assert [answer.status_code for answer in refused] == [403, 403, 401]
    assert stored_keys(agency) == set()


def test_colour_is_a_setting_of_the_api(agency: Agency):
    ada = agency.owner.at

    done = ada.patch("/api/tenant", {"settings": {"accent_color": "#FFD500"}})
    wrong = ada.patch("/api/tenant", {"settings": {"accent_color": "yellow"}})

    assert done.json()["settings"]["accent_color"] == "#ffd500"
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["field"] == "settings.accent_color"


def test_reconciliation_keeps_the_logo_and_deletes_a_former_one(agency: Agency):
    put(agency.owner.at, png())
    name = f"logo/{'0' * 8}-0000-7000-8000-{'0' * 12}"
    client().put_object(**object_location(agency, name), Body=png())

    told = run_reconcile(agency, "--fix", *NO_GRACE)

    assert told["differences"]["orphan_objects"]["fixed"] == 1
    assert keys_under(f"{agency.ref.object_prefix}/logo/") == {logo_key(agency)}
    assert told["left"] == 0
    assert agency.host.get("/logo").content == read_object(logo_key(agency))


def test_reconciliation_reports_a_missing_logo(agency: Agency):
    put(agency.owner.at, png())
    client().delete_object(Bucket=object_location(agency, "x")["Bucket"], Key=logo_key(agency))

    told = run_reconcile(agency, "--fix", *NO_GRACE)

    assert told["differences"]["missing_objects"]["count"] == 1
    assert agency.host.get("/logo").status_code == 404


def test_logos_sent_at_once_leave_one_object(agency: Agency):
    pictures = [png(color=bytes([number, 0, 0])) for number in range(8)]
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda p=p: answers.append(put(agency.owner.at, p).status_code))
        for p in pictures
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 8
    assert keys_under(f"{agency.ref.object_prefix}/logo/") == {logo_key(agency)}
    assert agency.host.get("/logo").content == read_object(logo_key(agency))


def test_logo_does_not_count_against_the_quota(agency: Agency):
    put(agency.owner.at, png())

    assert stored_logo_of(agency)
    usage = agency.owner.at.get("/api/tenant").json()["usage"]
    assert usage["objects"] == 0
