"""Refresh tokens: rotated once, shared within the grace period, and revoked after reuse."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.utils import timezone

from accounts.models import Session, User
from audit.models import AuditEvent
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.routing import invalidate_route
from tests.support.accounts.tokens import status_and_code, token_claims, token_header
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Host, Site


def refresh(host: Host, token: object):
    """Post a refresh."""
    return host.post("/api/auth/refresh", {"refresh_token": token})


def session_of(agency: Agency) -> Session:
    """Return the agency's only session as the database has it."""
    with tenant_context(agency.ref):
        return Session.objects.get()


def age(agency: Agency, **by: float) -> None:
    """Move the last rotation into the past."""
    with tenant_context(agency.ref):
        session = Session.objects.get()
        session.rotated_at -= timedelta(**by)
        Session.objects.filter(pk=session.pk).update(rotated_at=session.rotated_at)


def test_refresh_rotates_the_token(agency: Agency):
    before = session_of(agency)
    answer = refresh(agency.host, agency.owner.refresh_token)
    body = answer.json()

    assert answer.status_code == 200
    assert body["refresh_token"] != agency.owner.refresh_token
    assert body["user"]["id"] == agency.owner.id
    assert agency.host.with_token(body["access_token"]).get("/api/users/me").status_code == 200
    assert agency.owner.at.get("/api/users/me").status_code == 200
    after = session_of(agency)
    assert after.id == before.id
    assert after.expires_at >= before.expires_at
    assert refresh(agency.host, body["refresh_token"]).status_code == 200


def test_concurrent_refreshes_get_the_same_token(agency: Agency):
    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda _: refresh(agency.host, agency.owner.refresh_token), range(20))
        )

    assert Counter(a.status_code for a in answers) == {200: 20}
    children = {a.json()["refresh_token"] for a in answers}
    assert len(children) == 1
    assert session_of(agency).generation == 1
    assert refresh(agency.host, children.pop()).status_code == 200


def test_parent_within_grace_gets_the_same_token(agency: Agency):
    child = refresh(agency.host, agency.owner.refresh_token).json()["refresh_token"]
    age_before = session_of(agency).rotated_at

    again = refresh(agency.host, agency.owner.refresh_token)

    assert again.json()["refresh_token"] == child
    # The grace counts from the first rotation; twins do not prolong it.
    assert session_of(agency).rotated_at == age_before


def test_parent_after_grace_ends_the_session(agency: Agency):
    child = refresh(agency.host, agency.owner.refresh_token).json()
    age(agency, seconds=31)

    late = refresh(agency.host, agency.owner.refresh_token)

    assert status_and_code(late) == (401, "token_reused")
    _ended_by_reuse(agency, child)


def test_grandparent_ends_the_session(agency: Agency):
    child = refresh(agency.host, agency.owner.refresh_token).json()
    grandchild = refresh(agency.host, child["refresh_token"]).json()

    stolen = refresh(agency.host, agency.owner.refresh_token)

    assert status_and_code(stolen) == (401, "token_reused")
    _ended_by_reuse(agency, grandchild)


def _ended_by_reuse(agency: Agency, current: dict[str, str]) -> None:
    """Check that the end was committed and that no token of the session works."""
    session = session_of(agency)
    assert session.ended_at is not None
    assert session.end_reason == "reuse_detected"
    with tenant_context(agency.ref):
        event = AuditEvent.objects.get(action="session.ended")
    assert event.details == {"reason": "reuse_detected"}
    me = agency.host.with_token(current["access_token"]).get("/api/users/me")
    assert status_and_code(me) == (401, "token_invalid")
    assert status_and_code(refresh(agency.host, current["refresh_token"])) == (401, "token_invalid")


def test_refresh_tokens_are_stored_as_hashes(agency: Agency, superuser):
    child = refresh(agency.host, agency.owner.refresh_token).json()["refresh_token"]
    schema = agency.ref.schema_name
    tables = superuser.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])
    for (table,) in tables.fetchall():
        text = str(superuser.execute(f"SELECT t::text FROM {schema}.{table} t").fetchall())
        for token in (child, agency.owner.refresh_token, agency.owner.access_token):
            assert token.rpartition(".")[2] not in text
            assert token_claims(token)["jti"] not in text


def test_inactive_user_cannot_refresh(agency: Agency):
    with tenant_context(agency.ref):
        User.objects.update(is_active=False)

    answer = refresh(agency.host, agency.owner.refresh_token)

    assert status_and_code(answer) == (401, "token_invalid")


def test_expired_session_cannot_refresh(agency: Agency):
    with tenant_context(agency.ref):
        Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert status_and_code(refresh(agency.host, agency.owner.refresh_token)) == (
        401,
        "token_invalid",
    )
    assert status_and_code(agency.owner.at.get("/api/users/me")) == (401, "token_invalid")


def test_refresh_on_api_finds_the_tenant_by_token(site: Site, agency: Agency):
    answer = refresh(site.host("api"), agency.owner.refresh_token)

    assert answer.status_code == 200
    assert token_claims(answer.json()["access_token"])["tenant_id"] == agency.slug


def test_new_key_version_ends_every_token(agency: Agency):
    tenant = Tenant.objects.get(pk=agency.ref.id)
    tenant.key_version += 1
    tenant.save()
    invalidate_route(tenant)

    assert status_and_code(agency.owner.at.get("/api/users/me")) == (401, "token_invalid")
    assert status_and_code(refresh(agency.host, agency.owner.refresh_token)) == (
        401,
        "token_invalid",
    )
    login = agency.host.post("/api/auth/login", {"email": agency.owner.email, "password": PASSWORD})
    assert token_header(login.json()["access_token"])["kid"].endswith(".2")


def test_log_in_prunes_old_sessions(agency: Agency):
    with tenant_context(agency.ref):
        old = Session.objects.get()
        long_ago = timezone.now() - timedelta(days=40)
        Session.objects.filter(pk=old.pk).update(expires_at=long_ago)
    agency.host.post("/api/auth/login", {"email": agency.owner.email, "password": PASSWORD})

    assert session_of(agency).id != old.id
