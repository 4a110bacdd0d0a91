"""Valid values for operations that no generated value can satisfy: passwords, tokens, codes, ids.

Each function returns the parts of the case that are replaced: ``body``, ``path``, ``query``, and
``user``, who sends it instead of the owner and may be deleted by it.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from fuzz_users import PASSWORD, FuzzUser, mailed_token, new_user, owner, user_with_factor

Values = dict[str, Any]


def _address() -> str:
    return f"{uuid4().hex}@fuzz.example"


def _login(sender: FuzzUser) -> Values:
    return {"body": {"email": new_user(sender.host).email, "password": PASSWORD}}


def _refresh(sender: FuzzUser) -> Values:
    return {"body": {"refresh_token": new_user(sender.host).tokens["refresh_token"]}}


def _register(sender: FuzzUser) -> Values:
    link = sender.call("POST", "/api/invitations", {"role": "member", "max_uses": 2})
    return {"body": {"email": _address(), "password": PASSWORD, "invitation": link["token"]}}


def _change(sender: FuzzUser) -> Values:
    body = {"current_password": PASSWORD, "password": f"{PASSWORD} {uuid4().hex}"}
    return {"user": new_user(sender.host), "body": body}


def _reset(sender: FuzzUser) -> Values:
    email = _address()
    sender.call("POST", "/api/users", {"email": email})
    return {"body": {"token": mailed_token(email), "password": f"{PASSWORD} again"}}


def _verify(sender: FuzzUser) -> Values:
    return {"body": {"token": mailed_token(new_user(sender.host).email)}}


def _reauthenticate(sender: FuzzUser) -> Values:
    return {"body": {"password": PASSWORD}}


def _confirm(sender: FuzzUser) -> Values:
    user = user_with_factor(sender.host, confirmed=False)
    code = {"code": user.factor["code"]}
    return {"user": user, "path": {"factor_id": user.factor["id"]}, "body": code}


def _factor(sender: FuzzUser) -> Values:
    user = user_with_factor(sender.host, confirmed=True)
    return {"user": user, "path": {"factor_id": user.factor["id"]}}


def _recovery_codes(sender: FuzzUser) -> Values:
    return {"user": user_with_factor(sender.host, confirmed=True)}


def _user_with_factor(sender: FuzzUser) -> Values:
    return {"path": {"user_id": user_with_factor(sender.host, confirmed=True).id}}


def _transfer(sender: FuzzUser) -> Values:
    leaving = owner()
    return {"user": leaving, "body": {"user_id": new_user(leaving.host).id}}


def _delete(sender: FuzzUser) -> Values:
    leaving = owner()
    return {"user": leaving, "query": {"confirm": leaving.host.partition(".")[0]}}


def _event(sender: FuzzUser) -> Values:
    (event,) = sender.call("GET", "/api/audit?limit=1")["results"]
    return {"path": {"audit_event_id": event["id"]}}


def _other_user(sender: FuzzUser) -> Values:
    return {"path": {"user_id": new_user(sender.host).id}}


def _self(sender: FuzzUser) -> Values:
    return {"user": new_user(sender.host), "body": {}}


def _session(sender: FuzzUser) -> Values:
    user = new_user(sender.host)
    (session,) = user.call("GET", "/api/auth/sessions")["results"]
    return {"user": user, "path": {"session_id": session["id"]}}


def _invitation(sender: FuzzUser) -> Values:
    created = sender.call("POST", "/api/invitations", {"email": _address()})
    return {"path": {"invitation_id": created["id"]}}


def _key(sender: FuzzUser) -> Values:
    created = sender.call("POST", "/api/keys", {"name": "fuzz", "scopes": ["users:read"]})
    return {"path": {"key_id": created["id"]}}


def _domain(sender: FuzzUser) -> Values:
    created = sender.call("POST", "/api/tenant/domains", {"domain": f"{uuid4().hex}.fuzz.example"})
    return {"path": {"domain_id": created["id"]}}


def _invite(sender: FuzzUser) -> Values:
    return {"body": {"email": _address()}}


def _new_key(sender: FuzzUser) -> Values:
    return {"body": {"name": "fuzz", "scopes": ["users:read"]}}


def _new_domain(sender: FuzzUser) -> Values:
    return {"body": {"domain": f"{uuid4().hex}.fuzz.example"}}


VALID_VALUES: dict[str, Callable[[FuzzUser], Values]] = {
    "GET /api/audit/{audit_event_id}": _event,
    "POST /api/auth/email/verify": _verify,
    "GET /api/auth/factors/{factor_id}": _factor,
    "DELETE /api/auth/factors/{factor_id}": _factor,
    "POST /api/auth/factors/{factor_id}/confirm": _confirm,
    "POST /api/auth/login": _login,
    "POST /api/auth/logout": _self,
    "POST /api/auth/logout-all": _self,
    "POST /api/auth/password/change": _change,
    "POST /api/auth/password/reset": _reset,
    "POST /api/auth/prove": _reauthenticate,
    "POST /api/auth/recovery-codes": _recovery_codes,
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
    "POST /api/logout": _self,
    "DELETE /api/tenant": _delete,
    "POST /api/tenant/domains": _new_domain,
    "DELETE /api/tenant/domains/{domain_id}": _domain,
    "POST /api/tenant/domains/{domain_id}/check": _domain,
    "POST /api/tenant/transfer": _transfer,
    "POST /api/users/me/email": _invite,
    "GET /api/users/{user_id}": _other_user,
    "PATCH /api/users/{user_id}": _other_user,
    "DELETE /api/users/{user_id}": _other_user,
    "POST /api/users/{user_id}/erase": _other_user,
    "GET /api/users/{user_id}/export": _other_user,
    "DELETE /api/users/{user_id}/factors": _user_with_factor,
    "GET /api/users/{user_id}/sessions": _other_user,
    "DELETE /api/users/{user_id}/sessions": _other_user,
}
