"""Shares of files: created, listed and revoked by users who may read the file."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from files.models import Share
from tenants.context import tenant_context
from tests.support.accounts.tokens import field_errors
from tests.support.factories import Agency, Person, add_member
from tests.support.files.form_uploads import add_file
from tests.support.files.shares import audit_events, create_share, open_share, share_path

NAMES = (
    "id file url created_at created_by expires_at max_downloads downloads has_password revoked_at"
)


@pytest.fixture
def ben(agency: Agency) -> Person:
    return add_member(agency, "ben@here.test")


def test_share_is_created_and_shown_again(agency: Agency):
    ada = agency.owner.at
    file = add_file(ada, "plan.txt")["id"]
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    fields = {"expires_at": soon, "max_downloads": 3, "password": "open sesame"}

    made = ada.post(f"/api/files/{file}/shares", fields)
    body = made.json()

    assert made.status_code == 201
    assert set(body) == set(NAMES.split())
    assert body["url"].startswith(f"http://{agency.host.name}:{agency.host.port}/s/")
    assert (body["file"], body["created_by"]) == (file, agency.owner.id)
    assert (body["max_downloads"], body["downloads"], body["has_password"]) == (3, 0, True)
    assert made.headers["Location"] == f"/api/shares/{body['id']}"
    assert made.headers["Cache-Control"] == "no-store"
    assert ada.get(f"/api/shares/{body['id']}").json() == body
    assert ada.get(f"/api/files/{file}/shares").json()["results"] == [body]
    assert ada.get("/api/shares").json()["results"] == [body]
    [event] = audit_events(agency, "share.created")
    assert (event.actor_id, event.target_id) == (agency.owner.id, body["id"])
    assert event.details["has_password"] is True


def test_share_token_and_password_are_not_stored(agency: Agency):
    share = create_share(agency.owner.at, password="open sesame")
    token = share_path(share).rpartition("/")[2]

    with tenant_context(agency.ref):
        row = Share.objects.get()
        kept = [row.token_sealed, row.password, bytes(row.token_hash).hex()]
    trail = str([(e.details, e.target_label) for e in audit_events(agency, "share.created")])

    assert len(token) == 43
    for secret in (token, "open sesame"):
        assert secret not in str([*kept, trail])
    assert row.password.startswith("argon2p$")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"expires_at": "2020-01-01T00:00:00Z"}, ("expires_at", "past")),
        ({"expires_at": "soon"}, ("expires_at", "invalid")),
        ({"max_downloads": 0}, ("max_downloads", "min_value")),
        ({"max_downloads": -1}, ("max_downloads", "min_value")),
        ({"max_downloads": "some"}, ("max_downloads", "invalid")),
        ({"password": ""}, ("password", "blank")),
        ({"password": "abc"}, ("password", "min_length")),
        ({"password": "x" * 257}, ("password", "max_length")),
        ([], ("non_field_errors", "invalid")),
    ],
)
def test_invalid_share_request_is_refused_with_its_field(
    agency: Agency, fields: Any, wrong: tuple[str, str]
):
    file = add_file(agency.owner.at, "plan.txt")["id"]

    response = agency.owner.at.post(f"/api/files/{file}/shares", fields)

    assert field_errors(response) == {wrong}


def test_repeated_idempotency_key_creates_one_share(agency: Agency):
    file = add_file(agency.owner.at, "plan.txt")["id"]
    where, key = f"/api/files/{file}/shares", {"Idempotency-Key": "once"}
    body = {"password": "open sesame"}

    first, again = (agency.owner.at.post(where, body, headers=key) for _ in range(2))
    other = agency.owner.at.post(where, {"password": "another"}, headers=key)
    agency.owner.at.delete(f"/api/files/{file}")
    later = agency.owner.at.post(where, body, headers=key)

    assert {response.status_code for response in (first, again, later)} == {201}
    assert first.json() == again.json() == later.json()
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert len(agency.owner.at.get("/api/shares").json()["results"]) == 1


def test_revoked_share_stops_working_at_once(agency: Agency):
    ada, share = agency.owner.at, create_share(agency.owner.at)
    assert open_share(agency, share).status_code == 302

    gone, again = (ada.delete(f"/api/shares/{share['id']}") for _ in range(2))
    shown = ada.get(f"/api/shares/{share['id']}").json()

    assert (gone.status_code, again.status_code) == (204, 204)
    assert {open_share(agency, share).status_code for _ in range(8)} == {404}
    assert (shown["url"], shown["downloads"]) == (None, 1)
    assert shown["revoked_at"] > shown["created_at"]
    assert len(audit_events(agency, "share.revoked")) == 1
    with tenant_context(agency.ref):
        assert Share.objects.get().token_sealed == ""


def test_members_share_own_files_and_managers_share_all(agency: Agency, ben: Person):
    bens, adas = add_file(ben.at, "ben.txt")["id"], add_file(agency.owner.at, "ada.txt")["id"]
    by_ben, by_ada = create_share(ben.at, bens), create_share(agency.owner.at, bens)
    private = create_share(agency.owner.at, adas)

    seen = {row["id"] for row in ben.at.get("/api/shares").json()["results"]}
    all_of_them = {row["id"] for row in agency.owner.at.get("/api/shares").json()["results"]}

    assert seen == {by_ben["id"], by_ada["id"]}
    assert all_of_them == seen | {private["id"]}
    refused = [
        ben.at.post(f"/api/files/{adas}/shares"),
        ben.at.get(f"/api/files/{adas}/shares"),
        ben.at.get(f"/api/shares/{private['id']}"),
        ben.at.delete(f"/api/shares/{private['id']}"),
    ]
    assert {response.status_code for response in refused} == {404}
    assert open_share(agency, private).status_code == 302
    assert ben.at.delete(f"/api/shares/{by_ada['id']}").status_code == 204
    assert agency.owner.at.delete(f"/api/shares/{by_ben['id']}").status_code == 204


def test_share_of_another_tenant_is_not_found(agency: Agency, globex: Agency):
    share = create_share(agency.owner.at)
    where = f"/api/shares/{share['id']}"

    responses = [
        globex.owner.at.get(where),
        globex.owner.at.delete(where),
        globex.owner.at.get(f"/api/files/{share['file']}/shares"),
        globex.owner.at.post(f"/api/files/{share['file']}/shares"),
    ]

    assert {response.status_code for response in responses} == {404}
    assert share["id"] not in globex.owner.at.get("/api/shares").text
    assert open_share(agency, share).status_code == 302


def test_api_key_without_share_scope_is_refused(agency: Agency):
    file = add_file(agency.owner.at, "plan.txt")["id"]
    where, made = f"/api/files/{file}/shares", []
    for scopes in (["files:read", "files:write"], ["shares:read"], ["shares:write"]):
        key = agency.owner.at.post("/api/keys", {"name": "k", "scopes": scopes}).json()["key"]
        made.append(agency.host.with_token(key))

    neither, reads, writes = made
    statuses = [(key.get(where).status_code, key.post(where).status_code) for key in made]

    assert statuses == [(403, 403), (200, 403), (403, 201)]
    assert neither.get("/api/shares").json()["scope"] == "shares:read"
    share = reads.get("/api/shares").json()["results"][0]
    assert reads.delete(f"/api/shares/{share['id']}").status_code == 403
    assert writes.delete(f"/api/shares/{share['id']}").status_code == 204


def test_sharing_can_be_disabled_by_the_tenant(agency: Agency):
    ada, share = agency.owner.at, create_share(agency.owner.at)

    def set_to(value: str) -> None:
        response = ada.patch("/api/tenant", {"settings": {"sharing": value}})
        assert response.status_code == 200, response.text

    set_to("off")
    closed = {open_share(agency, share).status_code for _ in range(8)}
    refused = ada.post(f"/api/files/{share['file']}/shares")
    listed = ada.get("/api/shares").json()["results"]
    set_to("on")

    assert closed == {404}
    assert (refused.status_code, refused.json()["code"]) == (403, "sharing_off")
    assert [row["id"] for row in listed] == [share["id"]]
    assert {open_share(agency, share).status_code for _ in range(8)} == {302}


def test_shares_are_paginated(agency: Agency):
    file = add_file(agency.owner.at, "plan.txt")["id"]
    made = [create_share(agency.owner.at, file)["id"] for _ in range(3)]

    first = agency.owner.at.get(f"/api/files/{file}/shares?limit=2").json()
    rest = agency.owner.at.get(f"/api/files/{file}/shares?{first['next'].partition('?')[2]}")

    assert [row["id"] for row in first["results"]] == made[:0:-1]
    assert [row["id"] for row in rest.json()["results"]] == made[:1]
