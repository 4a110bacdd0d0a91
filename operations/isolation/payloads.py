"""Ids, queries, cursors and bodies that name the victim in a request."""

import base64
import json
from urllib.parse import quote

from operations.isolation.attacker import Attacker
from operations.isolation.canaries import Canaries
from operations.isolation.routes import Parameter

MAX_IDS = 16


def victim_ids(parameter: Parameter, victim: Canaries) -> list[str]:
    """Return the victim's ids for a path parameter: those of the same kind first, then all.

    They are quoted for a path.
    """
    if parameter.kind == "int":
        return ["1", "2"]
    kind = parameter.name.removesuffix("_id").replace("_", "")
    named = victim.ids.get(kind, [])
    found = [*named, *(values[0] for values in victim.ids.values() if values)]
    if parameter.kind == "text":
        ref = victim.tenant.ref
        found = [*found, ref.slug, ref.schema_name, *victim.object_names[:1]]
    return list(dict.fromkeys(quote(value, safe="") for value in found))


def victim_body(victim: Canaries, attacker: Attacker) -> dict[str, object]:
    """Return a JSON body that names the victim in every field that could name a tenant.

    Free texts are neutral, because later replies of the attacker's own tenant contain them. The
    subdomain is taken, so the body cannot create a tenant.
    """
    ref = victim.tenant.ref
    ids = {kind: values[0] for kind, values in victim.ids.items() if values}
    return {
        **ids,
        **{f"{kind}_id": value for kind, value in ids.items()},
        "id": ids["file"],
        "ids": victim.all_ids[:MAX_IDS],
        "owner": ids["user"],
        "tenant": ref.slug,
        "subdomain": ref.slug,
        "workspace": ref.slug,
        "company": "Audit",
        "email": victim.tenant.named_email,
        "password": "no password of anybody 1",
        "current_password": "no password of anybody 2",
        "refresh_token": attacker.refresh,
        "first_name": "Nobody",
        "last_name": "Nobody",
        "name": "isolation-audit.txt",
        "role": "member",
        "registration": "closed",
        "size": 7,
        "content_type": "text/plain",
        "object_name": victim.object_names[0],
        "key": f"{ref.object_prefix}/{victim.object_names[0]}",
    }


def victim_query(victim: Canaries) -> dict[str, str]:
    """Return query parameters of lists. Every marker begins with the searched word."""
    ids = {kind: values[0] for kind, values in victim.ids.items() if values}
    slug = victim.tenant.ref.slug
    return {"search": "canary", "q": "canary", "limit": "200", "tenant": slug, **ids}


def victim_cursor(victim: Canaries) -> dict[str, str]:
    """Return a cursor into the victim's file list, as its own links have it."""
    last = victim.ids["file"][-1]
    parts = ["-created_at", False, "2999-01-01T00:00:00+00:00", last]
    text = base64.urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()
    return {"cursor": text}
