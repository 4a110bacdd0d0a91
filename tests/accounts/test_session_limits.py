"""Session limits of the tenant: idle time, age, sessions per user; and old sessions."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Session, User
from accounts.sessions.expiry import LOCK_TIMEOUT
from accounts.sessions.services import open_session
from accounts.sessions.tokens import access_token
from tenants.context import tenant_context
from tests.support.accounts.sessions import (
    ME,
    SESSIONS,
    backdate_session,
    open_another_session,
    refresh,
    refusal_reason,
    session_end_details,
    session_id,
    session_row,
    set_tenant_policy,
)
from tests.support.accounts.tokens import token_claims
from tests.support.factories import Agency


def test_idle_session_ends_with_its_reason(agency: Agency):
    set_tenant_policy(agency, session_idle_seconds=600)
    assert agency.owner.at.get(ME).status_code == 200
    backdate_session(agency, "last_used_at", seconds=601)

    assert refusal_reason(agency.owner.at.get(ME)) == "idle"
    assert refusal_reason(refresh(agency.host, agency.owner.refresh_token)) == "idle"

    ended = session_row(agency)
    assert ended.end_reason == "idle"
    assert ended.ended_at == ended.last_used_at + timedelta(seconds=600)
    assert session_end_details(agency) == [{"reason": "idle"}]


def test_idle_session_ends_at_refresh_and_is_committed(agency: Agency):
    set_tenant_policy(agency, session_idle_seconds=600)
    backdate_session(agency, "last_used_at", seconds=601)

    assert refusal_reason(refresh(agency.host, agency.owner.refresh_token)) == "idle"

    assert session_row(agency).end_reason == "idle"
    assert session_row(agency).generation == 0
    set_tenant_policy(agency, session_idle_seconds=0)
    assert refusal_reason(agency.owner.at.get(ME)) == "idle"


def test_used_session_is_not_idle(agency: Agency):
    set_tenant_policy(agency, session_idle_seconds=600)
    for _ in range(3):
        backdate_session(agency, "last_used_at", seconds=400)
        assert agency.owner.at.get(ME).status_code == 200
    backdate_session(agency, "last_used_at", seconds=400)
    assert refresh(agency.host, agency.owner.refresh_token).status_code == 200
    backdate_session(agency, "last_used_at", seconds=400)
    assert agency.owner.at.get(ME).status_code == 200


def test_used_session_ends_at_the_absolute_limit(agency: Agency):
    set_tenant_policy(agency, session_absolute_seconds=3600)
    backdate_session(agency, "created_at", seconds=3601)

    assert refusal_reason(agency.owner.at.get(ME)) == "expired"
    assert refusal_reason(refresh(agency.host, agency.owner.refresh_token)) == "expired"
    assert session_row(agency).end_reason == "expired"
    assert session_end_details(agency) == [{"reason": "expired"}]


def test_tokens_expire_with_the_session(agency: Agency):
    set_tenant_policy(agency, session_absolute_seconds=3600)
    tokens = open_another_session(agency)
    began = session_row(agency, tokens["access_token"]).created_at
    assert tokens["expires_in"] == tokens["refresh_expires_in"] == 3600
    backdate_session(agency, "created_at", access_token=tokens["access_token"], seconds=3000)

    child = refresh(agency.host, tokens["refresh_token"]).json()

    assert 590 <= child["refresh_expires_in"] <= 600
    for token in (child["access_token"], child["refresh_token"]):
        assert token_claims(token)["exp"] <= began.timestamp() + 600
    assert refresh(agency.host, child["refresh_token"]).status_code == 200


def test_default_policy_gives_documented_lifetimes(agency: Agency):
    tokens = open_another_session(agency)

    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (86400, 604800)
    assert (
        token_claims(tokens["access_token"])["exp"] - token_claims(tokens["access_token"])["iat"]
        == 86400
    )


def test_last_use_is_recorded_once_a_minute(agency: Agency):
    agency.owner.at.get(ME)
    before = session_row(agency).last_used_at
    agency.owner.at.get(ME)
    assert session_row(agency).last_used_at == before
    backdate_session(agency, "last_used_at", seconds=61)

    agency.owner.at.get(ME, headers={"User-Agent": "Elsewhere/2"})

    after = session_row(agency)
    assert timezone.now() - after.last_used_at < timedelta(seconds=30)
    assert after.user_agent == "Elsewhere/2"


def test_locked_session_row_delays_no_request(agency: Agency, superuser):
    """While the row is locked, requests succeed and the use is not recorded."""
    backdate_session(agency, "last_used_at", minutes=5)
    before = session_row(agency).last_used_at
    with superuser.transaction():
        superuser.execute(f"SELECT FROM {agency.ref.schema_name}.accounts_session FOR UPDATE")
        assert agency.owner.at.get(ME).status_code == 200
    assert session_row(agency).last_used_at == before


def test_read_only_table_fails_no_request(agency: Agency, superuser):
    """It waits for LOCK_TIMEOUT, and not for DATABASE_LOCK_SECONDS (10)."""
    backdate_session(agency, "last_used_at", minutes=5)
    lock = f"LOCK TABLE {agency.ref.schema_name}.accounts_session IN SHARE MODE"
    headers = {"host": agency.host.name, "authorization": f"Bearer {agency.owner.access_token}"}
    with superuser.transaction(), CaptureQueriesContext(connection) as queries:
        superuser.execute(lock)
        answer = Client().get(ME, headers=headers)

    sent = [query["sql"] for query in queries]
    [noting] = [number for number, text in enumerate(sent) if text.startswith("UPDATE")]
    assert answer.status_code == 200
    assert f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'" in sent[:noting]


def test_least_recently_used_session_is_evicted(agency: Agency):
    set_tenant_policy(agency, sessions_per_user=3)
    first = agency.owner.access_token
    second, third = (
        open_another_session(agency)["access_token"],
        open_another_session(agency)["access_token"],
    )
    backdate_session(agency, "last_used_at", access_token=second, hours=1)

    fourth = open_another_session(agency)["access_token"]

    assert refusal_reason(agency.host.with_token(second).get(ME)) == "revoked"
    for token in (first, third, fourth):
        assert agency.host.with_token(token).get(ME).status_code == 200
    assert session_end_details(agency) == [{"reason": "revoked", "cause": "sessions_per_user"}]


def opened(agency: Agency) -> str:
    """Open a session of the owner in this thread, as a log-in does; return the access token."""
    try:
        with tenant_context(agency.ref), transaction.atomic():
            found = open_session(User.objects.get(pk=agency.owner.id))
            return access_token(found.session, found.user)
    finally:
        connection.close()


def test_concurrent_log_ins_keep_the_session_limit(agency: Agency):
    set_tenant_policy(agency, sessions_per_user=4)

    with ThreadPoolExecutor(20) as pool:
        tokens = list(pool.map(lambda _: opened(agency), range(20)))

    with tenant_context(agency.ref):
        assert Session.objects.filter(ended_at__isnull=True).count() == 4
        assert Session.objects.filter(end_reason="revoked").count() == 17
    statuses = Counter(agency.host.with_token(t).get(ME).status_code for t in tokens)
    assert statuses == {200: 4, 401: 16}


def test_no_session_is_evicted_without_a_limit(agency: Agency):
    set_tenant_policy(agency, sessions_per_user=0)
    open_another_session(agency)
    assert agency.owner.at.get(ME).status_code == 200


def test_expired_session_is_listed_as_ended(agency: Agency):
    set_tenant_policy(agency, session_idle_seconds=600)
    other = open_another_session(agency)["access_token"]
    backdate_session(agency, "last_used_at", access_token=other, seconds=700)

    listed = agency.owner.at.get(SESSIONS).json()["results"]
    ended = agency.owner.at.get(f"{SESSIONS}?state=ended").json()["results"]

    assert [one["id"] for one in listed] == [session_id(agency.owner.access_token)]
    assert [(one["id"], one["end_reason"]) for one in ended] == [(session_id(other), "idle")]
