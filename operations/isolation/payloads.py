"""How a request names another tenant: in its path, in its query and in its body."""

import base64
import json
from urllib.parse import quote

from operations.isolation.attacker import Attacker
from operations.isolation.canaries import Canaries
from operations.isolation.routes import Parameter

MAX_IDS = 16


def victim_ids(parameter: Parameter, victim: Canaries) -> list[str]:
    """Return the victim's ids that a parameter could mean: those of its name first, then all.

    As they stand in a path.
    """
    if parameter.kind == "int":
        return ["1", "2"]
    kind = parameter.name.removesuffix("_id").replace("_", "")
    named = victim.ids.get(kind, [])
    found = [*named, *(values[0] for values in victim.ids.values() if values)]
    if parameter.kind == "text":
        ref = victim.party.ref
        found = [*found, ref.slug, ref.schema_name, *victim.object_names[:1]]
    return list(dict.fromkeys(quote(value, safe="") for value in found))


def victim_body(victim: Canaries, attacker: Attacker) -> dict[str, object]:
    """Return a JSON body that means the other tenant wherever a field could mean one.

    What is text for people is neutral, or a later answer of the attacker's own tenant would hold
    it. The subdomain is taken, so nothing of this can open a workspace.
    """
    ref = victim.party.ref
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
        "email": victim.party.bait,
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
    """Return parameters that lists may know. Every marker begins with the word searched for."""
    ids = {kind: values[0] for kind, values in victim.ids.items() if values}
    slug = victim.party.ref.slug
    return {"search": "canary", "q": "canary", "limit": "200", "tenant": slug, **ids}


def victim_cursor(victim: Canaries) -> dict[str, str]:
    """Return a place in the other tenant's list of files, as its own links would say it."""
    last = victim.ids["file"][-1]
    parts = ["-created_at", False, "2999-01-01T00:00:00+00:00", last]
    text = base64.urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()
    return {"cursor": text}
