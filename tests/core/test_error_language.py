"""Errors of the API in the language that a request prefers; codes and names do not change."""

import json
import re
import secrets
from typing import Any

import pytest
from django.utils.translation import override

from core.text.translation import translatable, translated
from tests.support.browser import HTML
from tests.support.factories import Agency, Person
from tests.support.http_client import Host, Site
from tests.support.service_logs import log_lines_with

PT = {"Accept-Language": "pt-BR,pt;q=0.9,en;q=0.5"}
JSON = {"Content-Type": "application/json"}
BINARY = {"Content-Type": "application/octet-stream"}
UNKNOWN_ID = "01990000-0000-7000-8000-000000000000"
LONG = "x" * 2000


def problem(answer: Any) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    assert "Accept-Language" in answer.headers["Vary"]
    found = answer.json()
    del found["request_id"]
    return found


def texts(found: dict[str, Any]) -> list[str]:
    return [found["title"], found["detail"], *(e["detail"] for e in found.get("errors", []))]


def without_texts(found: dict[str, Any]) -> dict[str, Any]:
    errors = [(e["field"], e["code"]) for e in found.get("errors", [])]
    kept = {n: v for n, v in found.items() if n not in {"title", "detail", "errors"}}
    return {**kept, "errors": sorted(errors)}


CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "unknown path": ("GET", "/api/nothing", {}),
    "wrong method": ("DELETE", "/api/users/me", {}),
    "wrong type": (
        "POST",
        "/api/invitations",
        {"content": b"a", "headers": BINARY},
    ),
    "no JSON": ("PATCH", "/api/users/me", {"content": b"{", "headers": JSON}),
    "name twice": ("PATCH", "/api/users/me", {"content": b'{"a":1,"a":2}', "headers": JSON}),
    "NaN": ("PATCH", "/api/users/me", {"content": b"NaN", "headers": JSON}),
    "no object": ("PATCH", "/api/users/me", {"json": []}),
    "null": ("PATCH", "/api/users/me", {"json": {"first_name": None}}),
    "bool": ("PATCH", "/api/users/me", {"json": {"first_name": True}}),
    "too long": ("PATCH", "/api/users/me", {"json": {"first_name": LONG}}),
    "invisible": ("PATCH", "/api/users/me", {"json": {"first_name": "a\u200bb"}}),
    "zone": ("PATCH", "/api/users/me", {"json": {"time_zone": "Mars"}}),
    "language": ("PATCH", "/api/users/me", {"json": {"language": "xx"}}),
    "missing": ("POST", "/api/users", {"json": {}}),
    "address": ("POST", "/api/users", {"json": {"email": "no address"}}),
    "address of 1 MB": ("POST", "/api/users", {"json": {"email": LONG * 200}}),
    "role": ("POST", "/api/users", {"json": {"email": "a@b.test", "role": "king"}}),
    "activity": ("POST", "/api/users", {"json": {"email": "a@b.test", "is_active": "yes"}}),
    "password": ("POST", "/api/users", {"json": {"email": "a@b.test", "password": "password"}}),
    "taken": ("POST", "/api/users", {"json": {"email": "ada@acme.test"}}),
    "no UUID": ("GET", "/api/users/1", {}),
    "unknown id": ("GET", f"/api/users/{UNKNOWN_ID}", {}),
    "ordering": ("GET", "/api/users?ordering=colour", {}),
    "choice": ("GET", "/api/users?role=king", {}),
    "limit": ("GET", "/api/users?limit=1000", {}),
    "cursor": ("GET", "/api/users?cursor=x", {}),
    "query": ("GET", "/api/users?search=%FF", {}),
    "setting": ("PATCH", "/api/tenant", {"json": {"settings": {"colour": "blue"}}}),
    "seconds": ("PATCH", "/api/tenant", {"json": {"settings": {"session_idle_seconds": 2}}}),
    "digits": ("PATCH", "/api/tenant", {"json": {"settings": {"sessions_per_user": "many"}}}),
    "list": ("PATCH", "/api/tenant", {"json": {"settings": {"second_factor_roles": "x"}}}),
    "domain": ("POST", "/api/tenant/domains", {"json": {"domain": "no domain"}}),
    "confirm": ("DELETE", "/api/tenant", {"json": {"confirm": "other"}}),
    "both": ("POST", "/api/invitations", {"json": {"email": "a@b.test", "max_uses": 3}}),
    "expiry": (
        "POST",
        "/api/keys",
        {"json": {"name": "k", "scopes": ["users:read"], "expires_at": "2000-01-01T00:00:00Z"}},
    ),
    "time": ("POST", "/api/keys", {"json": {"name": "k", "scopes": [], "expires_at": "soon"}}),
    "code": (
        "POST",
        f"/api/auth/factors/{UNKNOWN_ID}/confirm",
        {"json": {}},
    ),
    "etag": ("PATCH", "/api/users/me", {"json": {}, "headers": {"If-Match": '"x"'}}),
    "key": (
        "POST",
        "/api/users",
        {"json": {"email": "a@b.test"}, "headers": {"Idempotency-Key": "x" * 300}},
    ),
    "version": ("GET", "/api/users/me", {"headers": {"X-API-Version": "v9"}}),
    "coding": ("PATCH", "/api/users/me", {"content": b"x", "headers": {"Content-Encoding": "br"}}),
    "file name": ("POST", "/api/uploads", {"json": {"name": "a\\b", "size": 1}}),
    "file size": ("POST", "/api/uploads", {"json": {"name": "a", "size": 10**15}}),
    "media type": ("POST", "/api/uploads", {"json": {"name": "a", "size": 1, "content_type": "x"}}),
    "no file": ("POST", "/api/files", {"files": {"other": b"x"}}),
    "no form": ("POST", "/api/files", {"json": {}}),
}


def ask(at: Host, case: str, headers: dict[str, str]) -> Any:
    method, path, options = CASES[case]
    sent = {**options.get("headers", {}), **headers}
    return at.request(method, path, **{**options, "headers": sent})


@pytest.mark.parametrize("case", CASES)
def test_error_is_translated_and_its_codes_are_not(acme: Agency, case: str):
    at = acme.owner.at
    english, portuguese = ask(at, case, {}), ask(at, case, PT)

    assert english.status_code == portuguese.status_code >= 400
    en, pt = problem(english), problem(portuguese)
    assert (english.headers["Content-Language"], portuguese.headers["Content-Language"]) == (
        "en",
        "pt-br",
    )
    assert without_texts(en) == without_texts(pt)
    same = set(texts(en)) & set(texts(pt))
    assert same == set()


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", "en"),
        ("pt", "pt-br"),
        ("PT-br", "pt-br"),
        ("fr, pt;q=0.1", "pt-br"),
        ("en, pt-BR;q=0.9", "en"),
        ("pt-BR;q=0, en", "en"),
        ("de", "en"),
        ("*", "en"),
        ("../../etc/passwd", "en"),
        ("x" * 4000, "en"),
        (",".join(["pt-BR"] * 500), "pt-br"),
        (b"\xff\xfept-BR".decode("latin-1"), "en"),
    ],
    ids=lambda value: value[:12],
)
def test_language_is_the_preferred_one_that_is_served(site: Site, header: str, wanted: str):
    raw = [(b"Accept-Language", header.encode("latin-1"))]
    answer = site.host().get("/api/nothing", headers=dict(raw))

    assert answer.status_code == 404
    assert answer.headers["Content-Language"] == wanted
    title = {"en": "There is nothing here.", "pt-br": "Não há nada aqui."}[wanted]
    assert problem(answer)["title"] == title


def test_refusals_before_the_view_are_translated(acme: Agency, site: Site):
    no_token = acme.host.get("/api/users/me", headers=PT)
    forged = acme.host.with_token("forged").get("/api/users/me", headers=PT)
    nowhere = site.host("no-such-workspace").get("/api/users/me", headers=PT)
    login = acme.host.post(
        "/api/auth/login", {"email": "x@y.test", "password": "wrong"}, headers=PT
    )

    for answer in (no_token, forged, nowhere, login):
        assert answer.headers["Content-Language"] == "pt-br"
        assert re.search("[ãçéêíóõ]| de | não | o | a ", problem(answer)["detail"]), answer.text


def test_success_does_not_depend_on_the_language(acme: Agency, ben: Person, site: Site):
    for path in ("/api/users/me", "/api/tenant", "/api/schema"):
        plain, portuguese = ben.at.get(path), ben.at.get(path, headers=PT)
        assert portuguese.headers["ETag"] == plain.headers["ETag"], path
        assert "Content-Language" not in portuguese.headers


def test_replay_of_a_stored_response_does_not_depend_on_the_language(agency: Agency):
    key = {"Idempotency-Key": secrets.token_hex(8)}
    body = {"email": "a@new.test"}
    post = agency.owner.at.post

    refused = post("/api/users", {"email": "no"}, headers={**key, **PT})
    first = post("/api/users", body, headers={**key, **PT})
    again = post("/api/users", body, headers=key)
    other = post("/api/users", {"email": "b@new.test"}, headers={**key, **PT})

    assert refused.status_code == 400
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert problem(other)["code"] == "idempotency_conflict"
    assert problem(other)["title"].startswith("Esta Idempotency-Key")


def test_error_page_has_one_language(site: Site):
    """The cookie of a page's language wins over what the browser prefers."""
    host = site.host()
    page = host.get("/nothing", headers={**PT, "Accept": HTML, "Cookie": "aggios_language=en"})
    other = host.get("/nothing?lang=pt-br", headers={"Accept": HTML, "Accept-Language": "en"})

    assert page.headers["Content-Language"] == "en"
    assert "There is nothing here." in page.text
    assert "Não há nada aqui." not in page.text
    assert other.headers["Content-Language"] == "pt-br"
    assert "Não há nada aqui." in other.text


def test_values_of_a_client_are_quoted_and_not_formatted(acme: Agency):
    hostile = "%(name)s%s{0}%(most)d"
    answer = acme.host.get("/api/users/me", headers={"X-API-Version": hostile, **PT})
    path = acme.host.get("/api/%25(path)s%25s", headers=PT)

    assert repr(hostile[:20]) in problem(answer)["detail"]
    assert "%(path)s%s" in problem(path)["detail"]


def test_errors_after_a_translated_one_are_english(acme: Agency):
    """A worker's thread does not keep the language of its last request."""
    for _ in range(20):
        ask(acme.owner.at, "null", PT)
        assert problem(ask(acme.owner.at, "null", {}))["title"] == "Some fields are not valid."


def test_log_is_english(acme: Agency, stores):
    for case in ("null", "unknown path", "no JSON", "taken"):
        answer = ask(acme.owner.at, case, PT)
        lines = log_lines_with(stores, answer.headers["X-Request-ID"])

        assert lines
        said = json.dumps(lines, ensure_ascii=False)
        assert [text for text in texts(problem(answer)) if text in said] == []


def test_sentence_with_values_is_translated_with_its_plural():
    one = translatable("Try again in %(count)s seconds.", count=1)
    some = translatable("Try again in %(count)s seconds.", count=2)
    cause = translatable("This session was revoked.")
    nested = translatable("%(cause)s Log in again.", cause=cause)

    assert (one, some) == ("Try again in 1 seconds.", "Try again in 2 seconds.")
    assert json.dumps(nested) == '"This session was revoked. Log in again."'
    with override("pt-br"):
        assert translated(one).endswith("em 1 segundo.")
        assert translated(some).endswith("em 2 segundos.")
        assert translated(nested) == "Esta sessão foi revogada. Entre de novo."
        assert translated("") == ""
        assert translated("100 % of a client's text %s") == "100 % of a client's text %s"
