"""What is tried on one route with one method: hosts, credentials, ids, bodies."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.conf import settings
from uuid6 import uuid7

from operations.isolation.attacker import Attacker
from operations.isolation.payloads import MOST_IDS, body_naming, cursor_of, ids_for, query_naming
from operations.isolation.routes import Route
from operations.isolation.seeding import form, idempotency_key
from operations.isolation.transport import Request
from tenants.hosts import tenant_host

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# What views are written for is tried with every id; the credentials are judged before the method
# is, so two methods are tried with every one of them.
MAIN = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
FULL = frozenset({"GET", "POST"})
OTHERS = (
    "API key",
    "API key, their id in it",
    "own key, their session",
    "own key, their kid",
    "refresh token",
    "nobody",
)
NOTHING = "ids of nobody"
# The parameter that opens a file to whoever knows it, at the host of its own tenant alone.
LINK = "token"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request, and how it names the other tenant."""

    who: str
    aim: str
    request: Request


def attempts(route: Route, method: str, attacker: Attacker) -> Iterator[Attempt]:
    """Give all that is tried on a route with a method by one tenant against the other."""
    builder = _Builder(route, method, attacker)
    if route.site == "tenant":
        yield from builder.at_the_victims_host()
        yield from builder.at_home(tenant_host(attacker.party.ref.slug))
    elif route.site == "api":
        yield from builder.at_home(tenant_host("api"))
        yield from builder.naming_in_headers(tenant_host("api"))
    else:
        host = tenant_host(route.site) if route.site != "apex" else settings.BASE_DOMAIN
        yield from builder.at_a_central_host(host)


class _Builder:
    def __init__(self, route: Route, method: str, attacker: Attacker) -> None:
        self._route, self._method, self._attacker = route, method, attacker
        self._victim = attacker.victim
        self._credentials = attacker.credentials()

    def at_the_victims_host(self) -> Iterator[Attempt]:
        """As whom the host is not for. A link to a file is for whoever has it, so none is tried."""
        host = tenant_host(self._victim.party.ref.slug)
        by_link = any(p.name == LINK for p in self._route.parameters)
        path = self._nobodys_path() if by_link else self._paths()[0]
        for who in self._credentials if self._method in FULL else ("access token", "nobody"):
            yield self._attempt(who, "their host", host, path)

    def at_home(self, host: str) -> Iterator[Attempt]:
        """The attacker's own credential where it is good, with what belongs to the other."""
        paths = self._paths() if self._method in MAIN else self._paths()[:2]
        if self._route.parameters:
            yield self._attempt("access token", NOTHING, host, self._nobodys_path())
        for path in paths:
            yield self._attempt("access token", "their ids", host, path)
        for who in OTHERS if self._method in FULL else ():
            yield self._attempt(who, "their ids", host, paths[0])
        if self._method == "GET":
            cursor = cursor_of(self._victim)
            yield self._attempt("access token", "their cursor", host, paths[0], cursor)
        if self._method in WITH_BODY:
            yield self._with_form(host, paths[0])

    def naming_in_headers(self, host: str) -> Iterator[Attempt]:
        theirs = tenant_host(self._victim.party.ref.slug)
        named = {
            "X-Forwarded-Host": theirs,
            "X-Original-Host": theirs,
            "Forwarded": f"host={theirs}",
            "X-Tenant": self._victim.party.ref.slug,
            "X-Tenant-Id": str(self._victim.party.ref.id),
        }
        made = self._attempt("access token", "their name in headers", host, self._paths()[0])
        yield replace(
            made, request=replace(made.request, headers={**made.request.headers, **named})
        )

    def at_a_central_host(self, host: str) -> Iterator[Attempt]:
        if self._route.parameters:
            yield self._attempt("access token", NOTHING, host, self._nobodys_path())
        elif self._method == "GET":  # a list of everybody must not be there for the asking
            for who in ("access token", "nobody"):
                yield self._attempt(who, "no name", host, self._route.path(str), {"limit": "200"})
        for path in self._paths()[:2] if self._method in MAIN else self._paths()[:1]:
            yield self._attempt("access token", "their ids", host, path)
        if self._method in ("GET", "POST"):
            yield self._attempt("nobody", "their ids", host, self._paths()[0])

    # -- the parts of a request --------------------------------------------------------------------
    def _attempt(
        self, who: str, aim: str, host: str, path: str, query: dict[str, str] | None = None
    ) -> Attempt:
        headers = {"Accept": "application/json"}
        if token := self._credentials[who]:
            headers["Authorization"] = f"Bearer {token}"
        body = b""
        if self._method in WITH_BODY:
            body = json.dumps(body_naming(self._victim, self._attacker)).encode()
            headers["Content-Type"] = "application/json"
            headers["Idempotency-Key"] = idempotency_key(self._victim.party)
        target = f"{path}?{urlencode(query or query_naming(self._victim))}"
        return Attempt(who, aim, Request(self._method, host, target, headers, body))

    def _with_form(self, host: str, path: str) -> Attempt:
        made = self._attempt("access token", "their ids in a form", host, path)
        prefix = self._victim.party.ref.object_prefix
        fields = {k: str(v) for k, v in body_naming(self._victim, self._attacker).items()}
        fields["path"] = f"../{prefix}/{self._victim.object_names[0]}"
        body, content_type = form({**fields, "file": ("isolation-audit.txt", "nothing")})
        headers = {**made.request.headers, "Content-Type": content_type}
        return replace(made, request=replace(made.request, headers=headers, body=body))

    def _paths(self) -> list[str]:
        choices = {p.name: ids_for(p, self._victim) for p in self._route.parameters}
        most = max((len(values) for values in choices.values()), default=1)
        made = (
            self._route.path(lambda p, i=index: choices[p.name][i % len(choices[p.name])])  # type: ignore[misc]
            for index in range(min(most, MOST_IDS))
        )
        return list(dict.fromkeys(made))

    def _nobodys_path(self) -> str:
        values = {"uuid": str(uuid7()), "int": "1", "text": str(uuid7())}
        return self._route.path(lambda p: values[p.kind])
