"""Trying every route, and judging every answer."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from django.conf import settings

from operations.isolation.attacker import Attacker
from operations.isolation.attempts import METHODS, NOTHING, Attempt, attempts
from operations.isolation.canaries import Blind, Canaries
from operations.isolation.change_monitor import Watch
from operations.isolation.detection import betrayed, text_of
from operations.isolation.report import Row
from operations.isolation.routes import Route, all_routes
from operations.isolation.seeding import tokens_for
from operations.isolation.transport import Reply, Request, Transport, fetch_signed
from tenants.hosts import tenant_host

# The methods before which the attacker's session is looked at: POST may have ended it.
AFTERWARDS = frozenset({"GET", "PUT", "DELETE", "OPTIONS"})
# The kinds of host where a tenant's own people are served.
OF_TENANTS = ("tenant", "api")
Progress = Callable[[str], None]


def try_routes(
    attacker: Attacker, routes: list[Route], watch: Watch, transport: Transport, progress: Progress
) -> Iterator[Row]:
    """Try routes with every method as one tenant against the other. Raises Blind, OSError."""
    for route in routes:
        progress(f"{route.site} {route.shown}")
        for method in METHODS:
            if method in AFTERWARDS:
                attacker.ready()
            yield from _try_one(route, method, attacker, transport)
        yield from _changes(route, watch)


def _try_one(route: Route, method: str, attacker: Attacker, transport: Transport) -> Iterator[Row]:
    nobodys: set[int] = set()
    for attempt in attempts(route, method, attacker):
        reply = transport.send(attempt.request)
        if attempt.aim == NOTHING:
            nobodys.add(reply.status)
        crossing = judged(attempt.request, reply, attacker.victim)
        if not crossing and nobodys and _is_oracle(attempt, reply, nobodys):
            crossing = f"tells that an id exists: {reply.status} instead of {sorted(nobodys)}"
        yield Row(
            route.site, route.shown, method, attempt.who, attempt.aim, str(reply.status), crossing
        )


def _is_oracle(attempt: Attempt, reply: Reply, nobodys: set[int]) -> bool:
    same = attempt.aim == "their ids" and attempt.who == "access token"
    return same and reply.status < 400 and reply.status not in nobodys


def judged(request: Request, reply: Reply, victim: Canaries) -> str:
    """Return what went through with an answer to somebody else; empty when nothing did."""
    if found := betrayed(request, reply, victim):
        return f"the answer holds {', '.join(found[:3])}"
    if reply.status >= 500 and reply.status != 503:
        return "the server failed"
    for url in _links_to_the_store(reply):
        if betrayed(request, fetch_signed(url), victim):
            return "the answer leads to an object of theirs"
    return ""


def _links_to_the_store(reply: Reply) -> list[str]:
    start = settings.S3_PUBLIC_ENDPOINT_URL
    if start.lower() not in text_of(reply):
        return []
    words = reply.body.decode("utf-8", "replace").replace('"', " ").split()
    found = [*words, reply.header("Location")]
    return [word for word in found if word.startswith(start) and urlsplit(word).query]


def _changes(route: Route, watch: Watch) -> list[Row]:
    aim, found = "their rows and objects", watch.changes()
    rows = [Row(route.site, route.shown, "any", "any", aim, "changed", what) for what in found]
    return rows or [Row(route.site, route.shown, "any", "any", aim, "as they were")]


def control(victim: Canaries, transport: Transport) -> list[Row]:
    """Ask with the victim's own credential, to know that a crossing would be seen.

    Raises Blind when no route of a kind shows the canaries even to their owner.
    """
    _, token, _ = tokens_for(victim.party, victim.party.owner)
    routes = [route for route in all_routes() if route.site in OF_TENANTS]
    rows = [_control_one(route, victim, token, transport) for route in routes]
    for site in OF_TENANTS:
        if not any(row.layer == site and "seen" in row.outcome for row in rows):
            raise Blind(f"No route of {site} shows a tenant its own canaries.")
    return rows


def _control_one(route: Route, victim: Canaries, token: str, transport: Transport) -> Row:
    host = tenant_host(victim.party.ref.slug if route.site == "tenant" else "api")
    kinds = victim.ids
    path = route.path(
        lambda p: next(iter(kinds.get(p.name.removesuffix("_id").replace("_", "")) or ["1"]))
    )
    reply = transport.send(Request("GET", host, path, {"Authorization": f"Bearer {token}"}))
    seen = victim.party.marker in text_of(reply)
    outcome = f"{reply.status}, canaries seen" if seen else str(reply.status)
    return Row(route.site, route.shown, "GET", "their owner", "control", outcome)
