"""Reaching through what all tenants share in a process: cache, limits, tokens, routes, metrics."""

import json
import uuid
from collections.abc import Callable, Iterator

from django.conf import settings
from django.core.cache import cache

from accounts.problems import TokenExpired, TokenInvalid
from accounts.sessions.lookup import session_with_user
from accounts.sessions.tokens import read_access_token, read_refresh_token
from operations.isolation.canaries import Blind, Canaries
from operations.isolation.detection import betrayed
from operations.isolation.report import Row
from operations.isolation.seeding import tokens_for
from operations.isolation.transport import Reply, Request, Transport, somebody
from tenants.context import tenant_context
from tenants.hosts import tenant_host
from tenants.refs import TenantRef
from tenants.routing import tenant_at, tenant_by_id


def try_shared(attacker: TenantRef, victim: Canaries, transport: Transport) -> Iterator[Row]:
    """Try each shared thing once. Raises Blind and OSError."""
    yield from _cache(attacker, victim)
    yield from _tokens(attacker, victim)
    yield from _routes(attacker, victim)
    yield _limits(attacker, victim, transport)
    yield _metrics(attacker, victim, transport)


def _row(target: str, action: str, outcome: object, *, crossed: bool, what: str = "") -> Row:
    crossing = (what or f"{action}: {outcome}") if crossed else ""
    return Row("shared", target, action, "attacker's tenant", "their name", str(outcome), crossing)


def _cache(attacker: TenantRef, victim: Canaries) -> Iterator[Row]:
    key = victim.party.marker
    with tenant_context(victim.party.ref):
        if cache.get(key) != key:
            raise Blind("The cache does not hold the canary.")
    with tenant_context(attacker):
        found = cache.get(key)
        cache.delete(key)
    yield _row("cache", "get", (found and "found") or "nothing", crossed=found is not None)
    found = cache.get(key)
    yield _row("cache", "get without tenant", "nothing", crossed=found is not None, what="found")
    with tenant_context(victim.party.ref):
        kept = cache.get(key) == key
    yield _row("cache", "delete", "theirs stays" if kept else "theirs is gone", crossed=not kept)


def _tokens(attacker: TenantRef, victim: Canaries) -> Iterator[Row]:
    session, access, refresh = tokens_for(victim.party, victim.party.owner)
    for kind, read, token in (
        ("access token", read_access_token, access),
        ("refresh token", read_refresh_token, refresh),
    ):
        with tenant_context(attacker):
            outcome, crossed = _read(read, token)
        yield _row("tokens", f"read their {kind}", outcome, crossed=crossed)
    for session_id in (session.id, uuid.UUID(victim.ids["session"][0])):
        with tenant_context(attacker):
            found = session_with_user(session_id)
        outcome = "nothing" if found is None else "found"
        yield _row("sessions", "by their id", outcome, crossed=found is not None)


def _read(read: Callable[[str], uuid.UUID], token: str) -> tuple[str, bool]:
    try:
        return str(read(token)), True
    except (TokenInvalid, TokenExpired) as exc:
        return exc.code, False


def _routes(attacker: TenantRef, victim: Canaries) -> Iterator[Row]:
    """Each name leads to its own tenant, also the second time, when it is remembered."""
    theirs = victim.party.ref
    for ref in (attacker, theirs, attacker, theirs):
        right = (tenant_at(ref.slug), tenant_by_id(ref.id))
        wrong = any(found is None or found.id != ref.id for found in right)
        yield _row("route cache", "by name and id", "its own", crossed=wrong, what="another's")
    for name in (theirs.schema_name, theirs.id.hex, str(theirs.id)):
        found = tenant_at(name)
        outcome = "nothing" if found is None else found.slug
        yield _row("route cache", "by what is no host name", outcome, crossed=found is not None)


def _limits(attacker: TenantRef, victim: Canaries, transport: Transport) -> Row:
    """Log-ins that fail at the victim's for one address of an account must not count here."""
    email, address = f"{uuid.uuid4().hex}@isolation-audit.invalid", somebody()
    most = int(settings.RATE_LIMITS["login_account"].partition("/")[0])
    for _ in range(most + 1):
        there = _log_in(victim.party.ref, email, address, transport)
    here = _log_in(attacker, email, address, transport)
    outcome = f"{there.status} there, {here.status} here"
    if there.status != 429:
        raise Blind(f"The limit for log-ins was not reached: {outcome}.")
    return _row("limits", "log in", outcome, crossed=here.status == 429)


def _log_in(ref: TenantRef, email: str, address: str, transport: Transport) -> Reply:
    body = json.dumps({"email": email, "password": "no password of anybody"}).encode()
    headers = {"Content-Type": "application/json", "X-Forwarded-For": address}
    return transport.send(Request("POST", tenant_host(ref.slug), "/api/auth/login", headers, body))


def _metrics(attacker: TenantRef, victim: Canaries, transport: Transport) -> Row:
    request = Request("GET", tenant_host(attacker.slug), "/metrics", {"X-Forwarded-For": ""})
    reply = transport.send(request)
    found = betrayed(request, reply, victim)
    return _row("metrics", "GET /metrics", reply.status, crossed=bool(found), what=str(found[:3]))
