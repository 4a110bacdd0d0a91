"""HTTP probes: tries every route and checks every reply."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from django.conf import settings

from operations.isolation.attacker import Attacker
from operations.isolation.attempts import METHODS, UNKNOWN_IDS, Attempt, build_attempts
from operations.isolation.canaries import AuditIncompleteError, Canaries
from operations.isolation.change_monitor import ChangeMonitor
from operations.isolation.detection import find_leaks, reply_text
from operations.isolation.report import AttemptResult
from operations.isolation.routes import Route, all_routes
from operations.isolation.seeding import create_session
from operations.isolation.transport import Reply, Request, Transport, fetch_presigned
from tenants.routing import tenant_host

# Before these methods the attacker's credentials are renewed: POST may have ended them.
METHODS_WITH_NEW_SESSION = frozenset({"GET", "PUT", "DELETE", "OPTIONS"})
# Kinds of host that serve users of tenants.
TENANT_SITES = ("tenant", "api")
Progress = Callable[[str], None]


def probe_routes(
    attacker: Attacker,
    routes: list[Route],
    watch: ChangeMonitor,
    transport: Transport,
    progress: Progress,
) -> Iterator[AttemptResult]:
    """Try routes with every method as one tenant against the other.

    Raises: AuditIncompleteError, OSError.
    """
    for route in routes:
        progress(f"{route.site} {route.shown}")
        for method in METHODS:
            if method in METHODS_WITH_NEW_SESSION:
                attacker.ensure_credentials()
            yield from _probe_route(route, method, attacker, transport)
        yield from _unexpected_changes(route, watch)


def _probe_route(
    route: Route, method: str, attacker: Attacker, transport: Transport
) -> Iterator[AttemptResult]:
    unknown_statuses: set[int] = set()
    for attempt in build_attempts(route, method, attacker):
        reply = transport.send(attempt.request)
        if attempt.reference == UNKNOWN_IDS:
            unknown_statuses.add(reply.status)
        crossing = find_crossing(attempt.request, reply, attacker.victim)
        if not crossing and unknown_statuses and _is_oracle(attempt, reply, unknown_statuses):
            crossing = (
                f"tells that an id exists: {reply.status} instead of {sorted(unknown_statuses)}"
            )
        yield AttemptResult(
            route.site,
            route.shown,
            method,
            attempt.credential,
            attempt.reference,
            str(reply.status),
            crossing,
        )


def _is_oracle(attempt: Attempt, reply: Reply, unknown_statuses: set[int]) -> bool:
    same = attempt.reference == "their ids" and attempt.credential == "access token"
    return same and reply.status < 400 and reply.status not in unknown_statuses


def find_crossing(request: Request, reply: Reply, victim: Canaries) -> str:
    """Return what crossed with a reply to the other tenant; empty if nothing did."""
    if found := find_leaks(request, reply, victim):
        return f"the answer holds {', '.join(found[:3])}"
    if reply.status >= 500 and reply.status != 503:
        return "the server failed"
    for url in _presigned_links(reply):
        if find_leaks(request, fetch_presigned(url), victim):
            return "the answer leads to an object of theirs"
    return ""


def _presigned_links(reply: Reply) -> list[str]:
    start = settings.S3_PUBLIC_ENDPOINT_URL
    if start.lower() not in reply_text(reply):
        return []
    words = reply.body.decode("utf-8", "replace").replace('"', " ").split()
    found = [*words, reply.header("Location")]
    return [word for word in found if word.startswith(start) and urlsplit(word).query]


def _unexpected_changes(route: Route, watch: ChangeMonitor) -> list[AttemptResult]:
    reference, found = "their rows and objects", watch.changes()
    rows = [
        AttemptResult(route.site, route.shown, "any", "any", reference, "changed", what)
        for what in found
    ]
    return rows or [AttemptResult(route.site, route.shown, "any", "any", reference, "as they were")]


def run_control(victim: Canaries, transport: Transport) -> list[AttemptResult]:
    """Send requests with the victim's own credentials: a crossing must be detectable.

    Raises: AuditIncompleteError if no route of a kind shows the canaries to their owner.
    """
    _, token, _ = create_session(victim.tenant, victim.tenant.owner)
    routes = [route for route in all_routes() if route.site in TENANT_SITES]
    rows = [_control_route(route, victim, token, transport) for route in routes]
    for site in TENANT_SITES:
        if not any(row.layer == site and "seen" in row.outcome for row in rows):
            raise AuditIncompleteError(f"No route of {site} shows a tenant its own canaries.")
    return rows


def _control_route(
    route: Route, victim: Canaries, token: str, transport: Transport
) -> AttemptResult:
    host = tenant_host(victim.tenant.ref.slug if route.site == "tenant" else "api")
    kinds = victim.ids
    path = route.path(
        lambda p: next(iter(kinds.get(p.name.removesuffix("_id").replace("_", "")) or ["1"]))
    )
    reply = transport.send(Request("GET", host, path, {"Authorization": f"Bearer {token}"}))
    seen = victim.tenant.marker in reply_text(reply)
    outcome = f"{reply.status}, canaries seen" if seen else str(reply.status)
    return AttemptResult(route.site, route.shown, "GET", "their owner", "control", outcome)
