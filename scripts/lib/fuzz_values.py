"""Valid values for operations that no generated value can satisfy: password, token, code, id.

Each function returns replacements for parts of the case: ``body``, ``path``, ``query``, and
``person``, the user who sends it instead of the owner and may be unusable afterwards.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from fuzz_users import PASSWORD, Person, mailed_token, newcomer, owner, with_factor

Values = dict[str, Any]


def _address() -> str:
    return f"{uuid4().hex}@fuzz.example"


def _login(by: Person) -> Values:
    return {"body": {"email": newcomer(by.host).email, "password": PASSWORD}}


def _refresh(by: Person) -> Values:
    return {"body": {"refresh_token": newcomer(by.host).tokens["refresh_token"]}}


def _register(by: Person) -> Values:
    link = by.call("POST", "/api/invitations", {"role": "member", "max_uses": 2})
    return {"body": {"email": _address(), "password": PASSWORD, "invitation": link["token"]}}


def _change(by: Person) -> Values:
    body = {"current_password": PASSWORD, "password": f"{PASSWORD} {uuid4().hex}"}
    return {"person": newcomer(by.host), "body": body}


def _reset(by: Person) -> Values:
    email = _address()
    by.call("POST", "/api/users", {"email": email})
    return {"body": {"token": mailed_token(email), "password": f"{PASSWORD} again"}}


def _verify(by: Person) -> Values:
    return {"body": {"token": mailed_token(newcomer(by.host).email)}}


def _prove(by: Person) -> Values:
    return {"body": {"password": PASSWORD}}


def _confirm(by: Person) -> Values:
    person = with_factor(by.host, confirmed=False)
    code = {"code": person.more["code"]}
    return {"person": person, "path": {"factor_id": person.more["id"]}, "body": code}


def _factor(by: Person) -> Values:
    person = with_factor(by.host, confirmed=True)
    return {"person": person, "path": {"factor_id": person.more["id"]}}


def _codes(by: Person) -> Values:
    return {"person": with_factor(by.host, confirmed=True)}


def _protected(by: Person) -> Values:
    return {"path": {"user_id": with_factor(by.host, confirmed=True).id}}


def _transfer(by: Person) -> Values:
    leaving = owner()
    return {"person": leaving, "body": {"user_id": newcomer(leaving.host).id}}


def _delete(by: Person) -> Values:
    leaving = owner()
    return {"person": leaving, "query": {"confirm": leaving.host.partition(".")[0]}}


def _event(by: Person) -> Values:
    return {"path": {"audit_event_id": by.call("GET", "/api/audit?limit=1")["results"][0]["id"]}}


def _other_user(by: Person) -> Values:
    return {"path": {"user_id": newcomer(by.host).id}}


def _newcomer(by: Person) -> Values:
    return {"person": newcomer(by.host), "body": {}}


def _session(by: Person) -> Values:
    person = newcomer(by.host)
    (session,) = person.call("GET", "/api/auth/sessions")["results"]
    return {"person": person, "path": {"session_id": session["id"]}}


def _invitation(by: Person) -> Values:
    made = by.call("POST", "/api/invitations", {"email": _address()})
    return {"path": {"invitation_id": made["id"]}}


def _key(by: Person) -> Values:
    made = by.call("POST", "/api/keys", {"name": "fuzz", "scopes": ["users:read"]})
    return {"path": {"key_id": made["id"]}}


def _domain(by: Person) -> Values:
    made = by.call("POST", "/api/tenant/domains", {"domain": f"{uuid4().hex}.fuzz.example"})
    return {"path": {"domain_id": made["id"]}}


def _invite(by: Person) -> Values:
    return {"body": {"email": _address()}}


def _new_key(by: Person) -> Values:
    return {"body": {"name": "fuzz", "scopes": ["users:read"]}}


def _claim(by: Person) -> Values:
    return {"body": {"domain": f"{uuid4().hex}.fuzz.example"}}


GOOD: dict[str, Callable[[Person], Values]] = {
    "GET /api/audit/{audit_event_id}": _event,
    "POST /api/auth/email/verify": _verify,
    "GET /api/auth/factors/{factor_id}": _factor,
    "DELETE /api/auth/factors/{factor_id}": _factor,
    "POST /api/auth/factors/{factor_id}/confirm": _confirm,
    "POST /api/auth/login": _login,
    "POST /api/auth/logout": _newcomer,
    "POST /api/auth/logout-all": _newcomer,
    "POST /api/auth/password/change": _change,
    "POST /api/auth/password/reset": _reset,
    "POST /api/auth/prove": _prove,
    "POST /api/auth/recovery-codes": _codes,
    "POST /api/auth/refresh": _refresh,
    "POST /api/auth/register": _register,
    "GET /api/auth/sessions/{session_id}": _session,
    "DELETE /api/auth/sessions/{session_id}": _session,
    "POST /api/invitations": _invite,
    "GET /api/invitations/{invitation_id}": _invitation,
    "DELETE /api/invitations/{invitation_id}": _invitation,
    "POST /api/invitations/{invitation_id}/resend": _invitation,
    "POST /api/keys": _new_key,
    "GET /api/keys/{key_id}": _key,
    "DELETE /api/keys/{key_id}": _key,
    "POST /api/logout": _newcomer,
    "DELETE /api/tenant": _delete,
    "POST /api/tenant/domains": _claim,
    "DELETE /api/tenant/domains/{domain_id}": _domain,
    "POST /api/tenant/domains/{domain_id}/check": _domain,
    "POST /api/tenant/transfer": _transfer,
    "GET /api/users/{user_id}": _other_user,
    "PATCH /api/users/{user_id}": _other_user,
    "DELETE /api/users/{user_id}": _other_user,
    "POST /api/users/{user_id}/erase": _other_user,
    "GET /api/users/{user_id}/export": _other_user,
    "DELETE /api/users/{user_id}/factors": _protected,
    "GET /api/users/{user_id}/sessions": _other_user,
    "DELETE /api/users/{user_id}/sessions": _other_user,
}
