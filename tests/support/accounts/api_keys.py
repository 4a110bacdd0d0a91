"""API keys in tests: created over HTTP, and used for requests."""

from typing import Any

from accounts.api_keys import issue_api_key
from accounts.models import User
from tenants.context import tenant_context
from tests.support.factories import Agency, Person
from tests.support.http_client import Host

TOKEN_INVALID = (401, "token_invalid")
READ = ["files:read"]


def post_api_key(person: Person, **fields: Any) -> dict[str, Any]:
    """Create a key of the user and return the response."""
    answer = person.at.post("/api/keys", {"name": "ci", "scopes": READ, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def host_with_key(agency: Agency, key: dict[str, Any]) -> Host:
    """Return the tenant's host with the key as credential."""
    return agency.host.with_token(key["key"])


def new_api_key_text(agency: Agency, person: Person) -> str:
    """Return the text of a key that was created without HTTP."""
    with tenant_context(agency.ref):
        user = User.objects.get(pk=person.id)
        return issue_api_key(name="k", scopes=READ, actor=user).text
