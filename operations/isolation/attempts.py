"""The requests that are tried on one route with one method: hosts, credentials, ids, bodies."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.conf import settings
from uuid6 import uuid7

from operations.isolation.attacker import Attacker
from operations.isolation.payloads import (
    MAX_IDS,
    victim_body,
    victim_cursor,
    victim_ids,
    victim_query,
)
from operations.isolation.routes import Route
from operations.isolation.seeding import idempotency_key, multipart_form
from operations.isolation.transport import Request
from tenants.routing import tenant_host

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")
BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Methods that views implement are tried with every id. Credentials are checked before the method,
# so two methods are enough to try them all.
EVERY_ID_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
EVERY_CREDENTIAL_METHODS = frozenset({"GET", "POST"})
OTHER_CREDENTIALS = (
    "API key",
    "API key, their id in it",
    "own key, their session",
    "own key, their kid",
    "refresh token",
    "anonymous",
)
UNKNOWN_IDS = "unknown ids"
# The token of a share: it opens a file without credentials, at the host of its tenant only.
LINK_PARAMETER = "token"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request, and how it refers to the other tenant."""

    credential: str
    reference: str
    request: Request


def build_attempts(route: Route, method: str, attacker: Attacker) -> Iterator[Attempt]:
    """Yield all attempts on a route with a method by one tenant against the other."""
    builder = _AttemptBuilder(route, method, attacker)
    if route.site == "tenant":
        yield from builder.at_victim_host()
        yield from builder.with_own_credentials(tenant_host(attacker.tenant.ref.slug))
    elif route.site == "api":
        yield from builder.with_own_credentials(tenant_host("api"))
        yield from builder.with_victim_in_headers(tenant_host("api"))
    else:
        host = tenant_host(route.site) if route.site != "apex" else settings.BASE_DOMAIN
        yield from builder.at_central_host(host)


class _AttemptBuilder:
    def __init__(self, route: Route, method: str, attacker: Attacker) -> None:
        self._route, self._method, self._attacker = route, method, attacker
        self._victim = attacker.victim
        self._credentials = attacker.credentials()

    def at_victim_host(self) -> Iterator[Attempt]:
        """The attacker's credentials at the victim's host.

        A share token is valid for every client, so an unknown one is tried.
        """
        host = tenant_host(self._victim.tenant.ref.slug)
        by_link = any(p.name == LINK_PARAMETER for p in self._route.parameters)
        path = self._unknown_id_path() if by_link else self._paths()[0]
        for credential in (
            self._credentials
            if self._method in EVERY_CREDENTIAL_METHODS
            else ("access token", "anonymous")
        ):
            yield self._attempt(credential, "their host", host, path)

    def with_own_credentials(self, host: str) -> Iterator[Attempt]:
        """Valid credentials of the attacker, with ids of the victim."""
        paths = self._paths() if self._method in EVERY_ID_METHODS else self._paths()[:2]
        if self._route.parameters:
            yield self._attempt("access token", UNKNOWN_IDS, host, self._unknown_id_path())
        for path in paths:
            yield self._attempt("access token", "their ids", host, path)
        for credential in OTHER_CREDENTIALS if self._method in EVERY_CREDENTIAL_METHODS else ():
            yield self._attempt(credential, "their ids", host, paths[0])
        if self._method == "GET":
            cursor = victim_cursor(self._victim)
            yield self._attempt("access token", "their cursor", host, paths[0], cursor)
        if self._method in BODY_METHODS:
            yield self._with_form(host, paths[0])

    def with_victim_in_headers(self, host: str) -> Iterator[Attempt]:
        theirs = tenant_host(self._victim.tenant.ref.slug)
        named = {
            "X-Forwarded-Host": theirs,
            "X-Original-Host": theirs,
            "Forwarded": f"host={theirs}",
            "X-Tenant": self._victim.tenant.ref.slug,
            "X-Tenant-Id": str(self._victim.tenant.ref.id),
        }
        attempt = self._attempt("access token", "their name in headers", host, self._paths()[0])
        yield replace(
            attempt, request=replace(attempt.request, headers={**attempt.request.headers, **named})
        )

    def at_central_host(self, host: str) -> Iterator[Attempt]:
        if self._route.parameters:
            yield self._attempt("access token", UNKNOWN_IDS, host, self._unknown_id_path())
        elif self._method == "GET":  # a list of all tenants must not be public
            for credential in ("access token", "anonymous"):
                yield self._attempt(
                    credential, "no name", host, self._route.path(str), {"limit": "200"}
                )
        for path in self._paths()[:2] if self._method in EVERY_ID_METHODS else self._paths()[:1]:
            yield self._attempt("access token", "their ids", host, path)
        if self._method in ("GET", "POST"):
            yield self._attempt("anonymous", "their ids", host, self._paths()[0])

    # -- the parts of a request --------------------------------------------------------------------
    def _attempt(
        self,
        credential: str,
        reference: str,
        host: str,
        path: str,
        query: dict[str, str] | None = None,
    ) -> Attempt:
        headers = {"Accept": "application/json"}
        if token := self._credentials[credential]:
            headers["Authorization"] = f"Bearer {token}"
        body = b""
        if self._method in BODY_METHODS:
            body = json.dumps(victim_body(self._victim, self._attacker)).encode()
            headers["Content-Type"] = "application/json"
            headers["Idempotency-Key"] = idempotency_key(self._victim.tenant)
        target = f"{path}?{urlencode(query or victim_query(self._victim))}"
        return Attempt(credential, reference, Request(self._method, host, target, headers, body))

    def _with_form(self, host: str, path: str) -> Attempt:
        attempt = self._attempt("access token", "their ids in a form", host, path)
        prefix = self._victim.tenant.ref.object_prefix
        fields = {k: str(v) for k, v in victim_body(self._victim, self._attacker).items()}
        fields["path"] = f"../{prefix}/{self._victim.object_names[0]}"
        body, content_type = multipart_form({**fields, "file": ("isolation-audit.txt", "nothing")})
        headers = {**attempt.request.headers, "Content-Type": content_type}
        return replace(attempt, request=replace(attempt.request, headers=headers, body=body))

    def _paths(self) -> list[str]:
        choices = {p.name: victim_ids(p, self._victim) for p in self._route.parameters}
        count = max((len(values) for values in choices.values()), default=1)
        attempt = (
            self._route.path(lambda p, i=index: choices[p.name][i % len(choices[p.name])])  # type: ignore[misc]
            for index in range(min(count, MAX_IDS))
        )
        return list(dict.fromkeys(attempt))

    def _unknown_id_path(self) -> str:
        values = {"uuid": str(uuid7()), "int": "1", "text": str(uuid7())}
        return self._route.path(lambda p: values[p.kind])
