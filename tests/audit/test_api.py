"""GET /api/audit: the audit events of a tenant, for its administrators only."""

import uuid
from urllib.parse import quote

import pytest

from audit.services import Actor, Target, anonymise_events, record
from tenants.context import tenant_context
from tests.support.factories import Agency, Person, add_member, create_agency
from tests.support.http_client import Site


@pytest.fixture(scope="module")
def agency(site: Site) -> Agency:
    """An agency that only these tests use."""
    return create_agency(site, f"trail-{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="module")
def member(agency: Agency) -> Person:
    return add_member(agency, f"ben@{agency.slug}.test")


def found(agency: Agency, query: str = "") -> list[dict]:
    answer = agency.owner.at.get(f"/api/audit{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def test_event_names_actor_action_time_and_address(agency: Agency, member: Person):
    path, headers = "/api/auth/login", {"User-Agent": "a browser", "X-Request-ID": "audit-test-1"}
    login = {"email": member.email, "password": "wrong" * 4}
    assert agency.host.post(path, login, headers=headers).status_code == 401

    event = found(agency, "?action=session.refused")[0]

    assert event["actor"]["type"] == "anonymous"
    assert event["target"] == {"type": "user", "id": member.id, "label": member.email}
    assert (event["ip"], event["user_agent"]) == ("127.0.0.1", "a browser")
    assert event["request_id"] == "audit-test-1"
    assert event["at"].endswith("Z")
    assert len(event["hash"]) == 64


def test_events_are_numbered_without_gaps(agency: Agency, member: Person):
    numbers = [event["sequence"] for event in found(agency, "?limit=200")]

    assert len(numbers) > 2
    assert numbers == list(range(len(numbers), 0, -1))


def test_pagination_returns_every_event_once(agency: Agency, member: Person):
    whole, seen, path = found(agency, "?limit=200"), [], "/api/audit?limit=2"
    while path:
        page = agency.owner.at.get(path).json()
        seen += page["results"]
        path = page["next"] and "/api/audit" + page["next"].partition("/api/audit")[2]

    assert seen == whole


def test_filters_select_events(agency: Agency, member: Person):
    owner = agency.owner
    owner.at.patch("/api/users/me", {"first_name": "Filtered"})
    whole = found(agency, "?limit=200")
    last, first = whole[0], whole[-1]

    def ids(query: str) -> list[str]:
        return [event["id"] for event in found(agency, f"?limit=200&{query}")]

    def those(test) -> list[str]:
        return [event["id"] for event in whole if test(event)]

    assert last["action"] == "user.updated"
    assert ids("action=user.updated") == those(lambda e: e["action"] == "user.updated")
    assert ids("action=user.") == those(lambda e: e["action"].startswith("user."))
    assert ids("action=user") == []
    assert ids(f"actor={member.id}") == those(lambda e: e["actor"]["id"] == member.id) != []
    assert ids(f"target={owner.id}") == those(lambda e: e["target"]["id"] == owner.id) != []
    assert ids("target_type=session") == those(lambda e: e["target"]["type"] == "session") != []
    assert ids(f"after={last['at']}") == [last["id"]]
    assert ids(f"before={last['at']}") == those(lambda e: e["id"] != last["id"])
    shifted = quote(first["at"].replace("Z", "+00:00"))
    assert ids(f"before={shifted}") == []
    assert ids(f"actor={member.id}&target_type=file") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("action=Drop%20table", "action"),
        ("action=.", "action"),
        ("action=" + "a" * 61, "action"),
        ("actor=" + "a" * 65, "actor"),
        ("target=%00", "target"),
        ("target_type=user.", "target_type"),
        ("after=yesterday", "after"),
        ("after=2026-11-22T03:04:05", "after"),
        ("before=2026-11-22", "before"),
        ("before=0001-01-01T00:00:00%2B14:00", "before"),
        ("limit=0", "limit"),
    ],
)
def test_invalid_filter_is_refused_by_name(agency: Agency, query: str, field: str):
    answer = agency.owner.at.get(f"/api/audit?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


def test_event_detail_returns_one_event(agency: Agency, globex: Agency, member: Person):
    event = found(agency, "?limit=1")[0]

    answer = agency.owner.at.get(f"/api/audit/{event['id']}")
    known = {"If-None-Match": answer.headers["ETag"]}

    assert (answer.status_code, answer.json()) == (200, event)
    assert agency.owner.at.get(f"/api/audit/{event['id']}", headers=known).status_code == 304
    assert agency.owner.at.get(f"/api/audit/{uuid.uuid4()}").status_code == 404
    assert globex.owner.at.get(f"/api/audit/{event['id']}").status_code == 404


@pytest.mark.parametrize("path", ["/api/audit", "/api/audit/0199ffff-0000-7000-8000-000000000000"])
def test_only_administrators_can_read_events(agency: Agency, member: Person, path: str):
    admin = add_member(agency, f"al-{uuid.uuid4().hex[:6]}@{agency.slug}.test", role="admin")

    refused, allowed = member.at.get(path), admin.at.get(path)

    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert allowed.status_code in (200, 404)


def test_other_tenants_events_are_not_found(agency: Agency, globex: Agency):
    text = globex.owner.at.get("/api/audit?limit=200").text

    assert globex.owner.email in text
    assert agency.owner.email not in text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_write_methods_are_not_allowed(agency: Agency, method: str):
    event = found(agency, "?limit=1")[0]

    assert agency.owner.at.request(method, "/api/audit", json={}).status_code == 405
    assert agency.owner.at.request(method, f"/api/audit/{event['id']}").status_code == 405
    assert found(agency, "?limit=1") == [event]


def test_erased_user_is_anonymous_in_events(agency: Agency):
    gone = Actor("user", str(uuid.uuid4()), "gone-for-good@example.test")
    with tenant_context(agency.ref):
        record("test.gone", actor=gone, target=Target("user", gone.id, gone.label))
        anonymise_events(gone.id)

    answer = agency.owner.at.get("/api/audit?limit=200")
    event = next(e for e in answer.json()["results"] if e["action"] == "test.gone")

    called = {"type": "user", "id": gone.id, "label": f"erased person {gone.id[-8:]}"}
    assert (event["actor"], event["target"]) == (called, called)
    assert gone.label not in answer.text
