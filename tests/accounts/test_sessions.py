"""Sessions: the user's own list, ending one, and what managers may do."""

import uuid

import pytest

from tests.support.accounts.sessions import (
    ME,
    SESSIONS,
    backdate_session,
    open_another_session,
    refusal_reason,
    session_end_details,
    session_id,
    session_row,
)
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency, Person, add_member
from tests.support.http_client import Host, Site

FIELDS = {
    *("id", "created_at", "last_used_at", "expires_at", "proved_at", "ip", "user_agent"),
    *("current", "ended_at", "end_reason"),
}


def listed(at: Host, query: str = "", path: str = SESSIONS) -> list[dict]:
    answer = at.get(path + query)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"results", "next", "previous"}
    return answer.json()["results"]


def ids(rows: list[dict]) -> list[str]:
    return [found["id"] for found in rows]


def test_list_shows_own_active_sessions(agency: Agency):
    first = session_id(agency.owner.access_token)
    phone = open_another_session(agency, agent="Phone/1.0")
    add_member(agency, "ben@here.test")
    backdate_session(agency, "last_used_at", seconds=30)

    found = listed(agency.host.with_token(phone["access_token"]))

    assert ids(found) == [session_id(phone["access_token"]), first]
    assert [set(one) for one in found] == [FIELDS, FIELDS]
    assert [one["current"] for one in found] == [True, False]
    assert found[0]["user_agent"] == "Phone/1.0"
    assert found[0]["ip"] == "127.0.0.1"
    assert (found[0]["ended_at"], found[0]["end_reason"]) == (None, None)


def test_list_shows_last_used_session_first(agency: Agency):
    open_another_session(agency)
    first = session_id(agency.owner.access_token)
    backdate_session(agency, "last_used_at", minutes=2)
    assert ids(listed(agency.owner.at))[0] == first  # the request itself is a use


def test_session_list_has_pages(agency: Agency):
    for _ in range(2):
        open_another_session(agency)
    page = agency.owner.at.get(f"{SESSIONS}?limit=2").json()
    rest = agency.owner.at.get("/" + page["next"].split("/", 3)[3])
    assert len(page["results"]) == 2
    assert len(rest.json()["results"]) == 1
    assert len({*ids(page["results"]), *ids(rest.json()["results"])}) == 3


def test_ended_session_is_refused_on_the_next_request(agency: Agency):
    other = open_another_session(agency)
    path = f"{SESSIONS}/{session_id(other['access_token'])}"

    answer = agency.owner.at.delete(path)

    assert (answer.status_code, answer.content) == (204, b"")
    assert refusal_reason(agency.host.with_token(other["access_token"]).get(ME)) == "revoked"
    assert agency.owner.at.get(ME).status_code == 200
    assert len(listed(agency.owner.at)) == 1
    ended = listed(agency.owner.at, "?state=ended")
    assert [(one["id"], one["end_reason"]) for one in ended] == [
        (session_id(other["access_token"]), "revoked")
    ]
    assert ended[0]["ended_at"] is not None
    assert len(listed(agency.owner.at, "?state=all")) == 2
    # Once more: it is ended, and nothing else happens.
    assert agency.owner.at.delete(path).status_code == 204
    assert session_end_details(agency) == [{"reason": "revoked"}]


def test_ending_the_current_session_logs_out(agency: Agency):
    own = session_id(agency.owner.access_token)

    assert agency.owner.at.delete(f"{SESSIONS}/{own}").status_code == 204
    assert refusal_reason(agency.owner.at.get(ME)) == "revoked"


def test_another_users_session_is_not_found(site: Site, agency: Agency, globex: Agency):
    ben = add_member(agency, "ben@here.test")
    for at in (ben.at, globex.owner.at, site.host("api").with_token(globex.owner.access_token)):
        answer = at.delete(f"{SESSIONS}/{session_id(agency.owner.access_token)}")
        assert status_and_code(answer) == (404, "not_found")
    assert status_and_code(ben.at.delete(f"{SESSIONS}/{uuid.uuid4()}")) == (404, "not_found")
    assert agency.owner.at.get(ME).status_code == 200
    assert session_end_details(agency) == []


def test_unknown_state_is_refused(agency: Agency):
    assert field_errors(agency.owner.at.get(f"{SESSIONS}?state=x")) == {("state", "invalid_choice")}


@pytest.fixture
def crew(agency: Agency) -> dict[str, Person]:
    return {
        "owner": agency.owner,
        "admin": add_member(agency, "adm@here.test", "admin"),
        "member": add_member(agency, "ben@here.test"),
    }


def of(person: Person) -> str:
    return f"/api/users/{person.id}/sessions"


@pytest.mark.parametrize(
    ("who", "whose", "read", "end"),
    [
        ("owner", "admin", 200, 204),
        ("owner", "owner", 200, 204),
        ("admin", "member", 200, 204),
        ("admin", "owner", 200, 403),
        ("member", "admin", 403, 403),
        ("member", "member", 403, 403),
    ],
)
def test_managers_list_and_end_sessions_by_role(
    agency: Agency, crew: dict[str, Person], who, whose, read, end
):
    at, target = crew[who].at, crew[whose]

    shown = at.get(of(target))
    ended = at.delete(of(target))

    assert (shown.status_code, ended.status_code) == (read, end)
    if read == 200:
        assert ids(shown.json()["results"]) == [session_id(target.access_token)]
    assert target.at.get(ME).status_code == (401 if end == 204 else 200)
    assert session_end_details(agency) == (
        [{"reason": "revoked", "count": 1}] if end == 204 else []
    )


def test_managers_of_another_tenant_find_nothing(agency: Agency, globex: Agency, site: Site):
    for at in (globex.owner.at, site.host("api").with_token(globex.owner.access_token)):
        for method in ("GET", "DELETE"):
            answer = at.request(method, of(agency.owner))
            assert status_and_code(answer) == (404, "not_found")
    assert session_row(agency).ended_at is None
