"""The own profile: read and changed, with entity tags."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from accounts.models import User
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency
from tests.support.http_client import Site

ME = "/api/users/me"
FIELDS = "id email first_name last_name role is_active created_at updated_at language time_zone"


def test_profile_shows_the_documented_fields(agency: Agency):
    answer = agency.owner.at.get(ME)
    body = answer.json()

    assert set(body) == set(FIELDS.split())
    for field in ("created_at", "updated_at"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", body[field])
    assert re.fullmatch(r'"[0-9a-f]+"', answer.headers["ETag"])
    assert (
        "no-cache" in answer.headers["Cache-Control"]
        or "no-store" in (answer.headers["Cache-Control"])
    )


def test_patch_changes_names(agency: Agency):
    before = agency.owner.at.get(ME)
    answer = agency.owner.at.patch(ME, {"first_name": "Älva"})

    assert answer.status_code == 200
    assert answer.json()["first_name"] == "Älva"
    assert answer.json()["last_name"] == before.json()["last_name"]
    assert answer.json()["updated_at"] > before.json()["updated_at"]
    assert answer.headers["ETag"] != before.headers["ETag"]
    assert agency.owner.at.get(ME).headers["ETag"] == answer.headers["ETag"]
    with tenant_context(agency.ref):
        event = AuditEvent.objects.get(action="user.updated")
    assert event.details == {"fields": ["first_name"]}


def test_put_requires_every_field(agency: Agency):
    assert field_errors(agency.owner.at.put(ME, {"first_name": "A"})) == {("last_name", "required")}

    answer = agency.owner.at.put(ME, {"first_name": "A", "last_name": ""})

    assert (answer.json()["first_name"], answer.json()["last_name"]) == ("A", "")


def test_unchanged_values_change_nothing(agency: Agency):
    tag = agency.owner.at.get(ME).headers["ETag"]

    for body in ({}, {"first_name": "Olga"}):
        assert agency.owner.at.patch(ME, body).headers["ETag"] == tag


@pytest.mark.parametrize(
    "change",
    [
        {"role": "member"},
        {"is_active": False},
        {"id": "00000000-0000-0000-0000-000000000000"},
        {"email": "other@there.test"},
        {"password": "another password 1"},
        {"created_at": "2000-01-01T00:00:00Z"},
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_read_only_fields_are_ignored(agency: Agency, method: str, change: dict[str, Any]):
    before = agency.owner.at.get(ME).json()
    names = {"first_name": "Olga", "last_name": "Owner"}

    agency.owner.at.request(method, ME, json={**names, **change})

    assert agency.owner.at.get(ME).json() == before


@pytest.mark.parametrize("value", [None, 1.5, [], {}, "x" * 101, "a\x00", "\ud800", True])
def test_invalid_names_are_refused(agency: Agency, value: Any):
    import json

    answer = agency.owner.at.patch(
        ME,
        content=json.dumps({"first_name": value}).encode(),
        headers={"Content-Type": "application/json"},
    )

    if value == 1.5:  # DRF takes numbers for text, as JSON clients of forms send them
        assert answer.status_code == 200
    else:
        assert {field for field, _ in field_errors(answer)} == {"first_name"}


class TestConditions:
    """RFC 9110 section 13."""

    def test_matching_etag_returns_304(self, agency: Agency):
        tag = agency.owner.at.get(ME).headers["ETag"]
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            answer = agency.owner.at.get(ME, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["ETag"] == tag
        head = agency.owner.at.request("HEAD", ME, headers={"If-None-Match": tag})
        assert head.status_code == 304

    def test_stale_etag_returns_the_profile(self, agency: Agency):
        answer = agency.owner.at.get(ME, headers={"If-None-Match": '"another"'})

        assert answer.status_code == 200

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_stale_if_match_is_refused(self, agency: Agency, method: str):
        tag = agency.owner.at.get(ME).headers["ETag"]
        body = {"first_name": "First", "last_name": ""}
        send = agency.owner.at.request

        assert send(method, ME, json=body, headers={"If-Match": tag}).status_code == 200
        late = send(method, ME, json={**body, "first_name": "Late"}, headers={"If-Match": tag})

        assert status_and_code(late) == (412, "precondition_failed")
        assert agency.owner.at.get(ME).json()["first_name"] == "First"

    @pytest.mark.parametrize("wanted", ['W/"x"', '"x"', "x", ""])
    def test_other_etags_do_not_match(self, agency: Agency, wanted: str):
        answer = agency.owner.at.patch(ME, {"first_name": "A"}, headers={"If-Match": wanted})

        assert status_and_code(answer) == (412, "precondition_failed")

    def test_wildcard_etag_matches(self, agency: Agency):
        answer = agency.owner.at.patch(ME, {"first_name": "A"}, headers={"If-Match": "*"})

        assert answer.status_code == 200

    def test_concurrent_changes_with_one_etag_only_one_wins(self, agency: Agency):
        tag = agency.owner.at.get(ME).headers["ETag"]

        def change(number: int) -> int:
            body = {"first_name": f"n{number}"}
            return agency.owner.at.patch(ME, body, headers={"If-Match": tag}).status_code

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(change, range(6))) == [200] + [412] * 5


def test_deactivated_user_is_refused_on_the_next_request(agency: Agency):
    with tenant_context(agency.ref):
        User.objects.update(is_active=False)

    assert status_and_code(agency.owner.at.get(ME)) == (401, "token_invalid")


def test_role_change_counts_from_the_next_request(agency: Agency):
    with tenant_context(agency.ref):
        User.objects.update(role="member")

    assert agency.owner.at.get(ME).json()["role"] == "member"


@pytest.mark.parametrize("credential", ["", "Bearer", "Basic YTpi", "Token x"])
def test_profile_without_credential_is_refused(agency: Agency, site: Site, credential: str):
    for host in (agency.host, site.host("api")):
        answer = host.get(ME, headers={"Authorization": credential})
        assert status_and_code(answer) == (401, "not_authenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
