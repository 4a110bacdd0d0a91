"""API keys in tests: made over HTTP, and asked with."""

from typing import Any

from accounts.api_keys import issue_api_key
from accounts.models import User
from tenants.context import tenant_context
from tests.support.factories import Agency, Person
from tests.support.http_client import Host

TOKEN_INVALID = (401, "token_invalid")
READ = ["files:read"]


def post_api_key(person: Person, **fields: Any) -> dict[str, Any]:
    """Return a new key of the person as its answer shows it."""
    answer = person.at.post("/api/keys", {"name": "ci", "scopes": READ, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def host_with_key(agency: Agency, key: dict[str, Any]) -> Host:
    """Return the tenant's host, asked with the key."""
    return agency.host.with_token(key["key"])


def new_api_key_text(agency: Agency, person: Person) -> str:
    """Return the text of a key that was made without asking over HTTP."""
    with tenant_context(agency.ref):
        user = User.objects.get(pk=person.id)
        return issue_api_key(name="k", scopes=READ, actor=user).text
