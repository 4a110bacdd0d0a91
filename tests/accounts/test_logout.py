"""Log-out, effective from the next request."""

import pytest

from accounts.models import Session, User
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency, add_member
from tests.support.http_client import PASSWORD, Site

DEAD = (401, "token_invalid")


@pytest.mark.parametrize("path", ["/api/auth/logout", "/api/logout"])
@pytest.mark.parametrize("body", [None, {}])
def test_log_out_ends_the_session(agency: Agency, path: str, body):
    answer = agency.owner.at.post(path, body)

    assert (answer.status_code, answer.content) == (204, b"")
    assert status_and_code(agency.owner.at.get("/api/users/me")) == DEAD
    again = agency.host.post("/api/auth/refresh", {"refresh_token": agency.owner.refresh_token})
    assert status_and_code(again) == DEAD
    with tenant_context(agency.ref):
        session = Session.objects.get()
        event = AuditEvent.objects.get(action="session.ended")
    assert session.end_reason == "logout"
    assert (event.actor_id, event.target_id) == (agency.owner.id, str(session.id))


def test_log_out_with_refresh_token_only_ends_the_session(agency: Agency):
    body = {"refresh_token": agency.owner.refresh_token}

    assert agency.host.post("/api/auth/logout", body).status_code == 204
    assert status_and_code(agency.owner.at.get("/api/users/me")) == DEAD


def test_second_log_out_changes_nothing(agency: Agency):
    body = {"refresh_token": agency.owner.refresh_token}

    assert [agency.host.post("/api/logout", body).status_code for _ in range(2)] == [204, 204]
    with tenant_context(agency.ref):
        assert AuditEvent.objects.filter(action="session.ended").count() == 1
    assert status_and_code(agency.owner.at.post("/api/logout")) == DEAD


def test_log_out_works_on_api(site: Site, agency: Agency):
    api = site.host("api")

    assert api.post("/api/logout", {"refresh_token": agency.owner.refresh_token}).status_code == 204
    assert status_and_code(agency.owner.at.get("/api/users/me")) == DEAD
    assert status_and_code(api.with_token(agency.owner.access_token).post("/api/logout")) == DEAD


def test_log_out_without_credential_is_refused(site: Site, agency: Agency):
    for host in (agency.host, site.host("api")):
        assert status_and_code(host.post("/api/auth/logout")) == (401, "not_authenticated")


def test_log_out_of_another_users_session_is_refused(agency: Agency):
    ben = add_member(agency, "ben@here.test")
    body = {"refresh_token": agency.owner.refresh_token}

    assert status_and_code(ben.at.post("/api/auth/logout", body)) == DEAD
    assert agency.owner.at.get("/api/users/me").status_code == 200
    assert ben.at.get("/api/users/me").status_code == 200


def test_log_out_of_another_tenants_session_is_refused(agency: Agency, globex: Agency):
    body = {"refresh_token": agency.owner.refresh_token}

    assert status_and_code(globex.host.post("/api/auth/logout", body)) == DEAD
    assert agency.owner.at.get("/api/users/me").status_code == 200


def test_log_out_ends_no_other_session(agency: Agency):
    body = {"email": agency.owner.email, "password": PASSWORD}
    other = agency.host.post("/api/auth/login", body).json()["access_token"]

    agency.owner.at.post("/api/auth/logout")

    assert agency.host.with_token(other).get("/api/users/me").status_code == 200


def test_log_out_all_ends_every_session(agency: Agency):
    ben = add_member(agency, "ben@here.test")
    body = {"email": agency.owner.email, "password": PASSWORD}
    other = agency.host.with_token(agency.host.post("/api/auth/login", body).json()["access_token"])

    assert agency.owner.at.post("/api/auth/logout-all").status_code == 204

    assert status_and_code(agency.owner.at.get("/api/users/me")) == DEAD
    assert status_and_code(other.get("/api/users/me")) == DEAD
    assert ben.at.get("/api/users/me").status_code == 200
    with tenant_context(agency.ref):
        event = AuditEvent.objects.get(action="sessions.ended")
        assert User.objects.get(pk=ben.id).sessions.get().ended_at is None
    assert event.details == {"reason": "logout", "count": 2}


def test_log_out_all_without_credential_is_refused(agency: Agency):
    assert status_and_code(agency.host.post("/api/auth/logout-all")) == (401, "not_authenticated")
