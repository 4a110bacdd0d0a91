"""Probes of what all tenants share in a process: cache, limits, tokens, routes, metrics."""

import json
import uuid
from collections.abc import Callable, Iterator

from django.conf import settings
from django.core.cache import cache

from accounts.authentication import find_session_with_user
from accounts.problems import TokenExpired, TokenInvalid
from accounts.sessions.tokens import verify_access_token, verify_refresh_token
from operations.isolation.canaries import AuditIncompleteError, Canaries
from operations.isolation.detection import find_leaks
from operations.isolation.report import AttemptResult
from operations.isolation.seeding import create_session
from operations.isolation.transport import Reply, Request, Transport, unused_address
from tenants.context import TenantRef, tenant_context
from tenants.routing import tenant_for_host, tenant_for_id, tenant_host


def probe_shared_state(
    attacker: TenantRef, victim: Canaries, transport: Transport
) -> Iterator[AttemptResult]:
    """Try each shared thing once. Raises: AuditIncompleteError, OSError."""
    yield from _probe_cache(attacker, victim)
    yield from _probe_tokens(attacker, victim)
    yield from _probe_route_cache(attacker, victim)
    yield _probe_limits(attacker, victim, transport)
    yield _probe_metrics(attacker, victim, transport)


def _result(
    target: str, action: str, outcome: object, *, crossed: bool, what: str = ""
) -> AttemptResult:
    crossing = (what or f"{action}: {outcome}") if crossed else ""
    return AttemptResult(
        "shared", target, action, "attacker's tenant", "their name", str(outcome), crossing
    )


def _probe_cache(attacker: TenantRef, victim: Canaries) -> Iterator[AttemptResult]:
    key = victim.tenant.marker
    with tenant_context(victim.tenant.ref):
        if cache.get(key) != key:
            raise AuditIncompleteError("The cache does not hold the canary.")
    with tenant_context(attacker):
        found = cache.get(key)
        cache.delete(key)
    yield _result("cache", "get", (found and "found") or "nothing", crossed=found is not None)
    found = cache.get(key)
    yield _result("cache", "get without tenant", "nothing", crossed=found is not None, what="found")
    with tenant_context(victim.tenant.ref):
        kept = cache.get(key) == key
    yield _result("cache", "delete", "theirs stays" if kept else "theirs is gone", crossed=not kept)


def _probe_tokens(attacker: TenantRef, victim: Canaries) -> Iterator[AttemptResult]:
    session, access, refresh = create_session(victim.tenant, victim.tenant.owner)
    for kind, read, token in (
        ("access token", verify_access_token, access),
        ("refresh token", verify_refresh_token, refresh),
    ):
        with tenant_context(attacker):
            outcome, crossed = _read_token(read, token)
        yield _result("tokens", f"read their {kind}", outcome, crossed=crossed)
    for session_id in (session.id, uuid.UUID(victim.ids["session"][0])):
        with tenant_context(attacker):
            found = find_session_with_user(session_id)
        outcome = "nothing" if found is None else "found"
        yield _result("sessions", "by their id", outcome, crossed=found is not None)


def _read_token(read: Callable[[str], uuid.UUID], token: str) -> tuple[str, bool]:
    try:
        return str(read(token)), True
    except (TokenInvalid, TokenExpired) as exc:
        return exc.code, False


def _probe_route_cache(attacker: TenantRef, victim: Canaries) -> Iterator[AttemptResult]:
    """Each name must resolve to its own tenant, also from the cache."""
    theirs = victim.tenant.ref
    for ref in (attacker, theirs, attacker, theirs):
        routes = (tenant_for_host(ref.slug), tenant_for_id(ref.id))
        is_wrong = any(found is None or found.id != ref.id for found in routes)
        yield _result(
            "route cache", "by name and id", "its own", crossed=is_wrong, what="another's"
        )
    for name in (theirs.schema_name, theirs.id.hex, str(theirs.id)):
        found = tenant_for_host(name)
        outcome = "nothing" if found is None else found.slug
        yield _result("route cache", "by what is no host name", outcome, crossed=found is not None)


def _probe_limits(attacker: TenantRef, victim: Canaries, transport: Transport) -> AttemptResult:
    """Failed log-ins at the victim must not count for the same address at the attacker."""
    email, address = f"{uuid.uuid4().hex}@isolation-audit.invalid", unused_address()
    most = int(settings.RATE_LIMITS["login_account"].partition("/")[0])
    for _ in range(most + 1):
        victim_reply = _log_in(victim.tenant.ref, email, address, transport)
    attacker_reply = _log_in(attacker, email, address, transport)
    outcome = f"{victim_reply.status} there, {attacker_reply.status} here"
    if victim_reply.status != 429:
        raise AuditIncompleteError(f"The limit for log-ins was not reached: {outcome}.")
    return _result("limits", "log in", outcome, crossed=attacker_reply.status == 429)


def _log_in(ref: TenantRef, email: str, address: str, transport: Transport) -> Reply:
    body = json.dumps({"email": email, "password": "no password of anybody"}).encode()
    headers = {"Content-Type": "application/json", "X-Forwarded-For": address}
    return transport.send(Request("POST", tenant_host(ref.slug), "/api/auth/login", headers, body))


def _probe_metrics(attacker: TenantRef, victim: Canaries, transport: Transport) -> AttemptResult:
    request = Request("GET", tenant_host(attacker.slug), "/metrics", {"X-Forwarded-For": ""})
    reply = transport.send(request)
    found = find_leaks(request, reply, victim)
    return _result(
        "metrics", "GET /metrics", reply.status, crossed=bool(found), what=str(found[:3])
    )
