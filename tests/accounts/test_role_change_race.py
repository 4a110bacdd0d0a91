"""A user who loses the right during a request is refused.

The change of their role is written but not committed when the request comes: it is let in by what
is committed, and must find out what they have become before it writes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from httpx import Response

from accounts.models import ApiKey, Invitation, User
from tenants.context import tenant_context
from tenants.models import Domain, Tenant
from tests.support.accounts.tokens import status_and_code
from tests.support.accounts.users import user_with_session
from tests.support.concurrency import request_during
from tests.support.factories import Agency, Person

Asked = tuple[str, str, dict[str, Any] | None]


def under_way(agency: Agency, person: Person, asked: Asked, **became: Any) -> Response:
    """Return the response for a user who changed after the request was authenticated."""
    method, path, body = asked
    change = changing(agency, person, **became)
    return request_during(change, lambda: person.at.request(method, path, json=body))


@contextmanager
def changing(agency: Agency, person: Person, **became: Any) -> Iterator[None]:
    """Commit the change of a user when the block ends."""
    with tenant_context(agency.ref), transaction.atomic():
        User.objects.filter(pk=person.id).update(**became)
        yield


def an_id(answer: Response) -> str:
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def cases(agency: Agency) -> dict[str, Asked]:
    """Return a request for each kind of write by a manager."""
    at = agency.owner.at
    key = an_id(at.post("/api/keys", {"name": "k", "scopes": ["files:read"]}))
    link = an_id(at.post("/api/invitations", {"max_uses": 2}))
    domain = an_id(at.post("/api/tenant/domains", {"domain": f"a.{agency.slug}.example"}))
    return {
        "rename": ("PATCH", "/api/tenant", {"name": "Taken over"}),
        "settings": ("PATCH", "/api/tenant", {"settings": {"sessions_per_user": 3}}),
        "delete": ("DELETE", "/api/tenant", {"confirm": agency.slug}),
        "invite": ("POST", "/api/invitations", {"email": "a@new.test"}),
        "link": ("POST", "/api/invitations", {"max_uses": 9}),
        "resend": ("POST", f"/api/invitations/{link}/resend", None),
        "revoke": ("DELETE", f"/api/invitations/{link}", None),
        "make a key": ("POST", "/api/keys", {"name": "x", "scopes": ["users:write"]}),
        "revoke a key": ("DELETE", f"/api/keys/{key}", None),
        "claim": ("POST", "/api/tenant/domains", {"domain": f"b.{agency.slug}.example"}),
        "release": ("DELETE", f"/api/tenant/domains/{domain}", None),
        "add a person": ("POST", "/api/users", {"email": "a@new.test"}),
    }


def state(agency: Agency) -> list[Any]:
    """Return what the requests would have changed."""
    tenant = Tenant.objects.get(pk=agency.ref.id)
    domains = list(Domain.objects.filter(tenant=tenant).values_list("domain", flat=True))
    with tenant_context(agency.ref):
        invitations = list(Invitation.objects.order_by("pk").values("pk", "hash", "revoked_at"))
        keys = list(ApiKey.objects.order_by("pk").values("pk", "revoked_at"))
        people = User.objects.count()
    return [tenant.name, tenant.settings, tenant.status, domains, invitations, keys, people]


@pytest.mark.parametrize("became", [{"role": "member"}, {"is_active": False}], ids=str)
def test_write_after_losing_the_role_is_refused(agency: Agency, became: dict[str, Any]):
    wanted = (403, "permission_denied") if "role" in became else (401, "token_invalid")
    requests = cases(agency)
    before = state(agency)

    answers = {
        name: under_way(agency, user_with_session(agency, "owner"), asked, **became)
        for name, asked in requests.items()
    }

    assert {name: status_and_code(answer) for name, answer in answers.items()} == dict.fromkeys(
        requests, wanted
    )
    after = state(agency)
    assert after[:-1] == before[:-1]
    assert after[-1] == before[-1] + len(requests)  # those who asked


def test_demoted_owner_cannot_change_rules_for_owners(agency: Agency):
    asked: Asked = ("PATCH", "/api/tenant", {"settings": {"second_factor_roles": ["owner"]}})

    refused = under_way(agency, user_with_session(agency, "owner"), asked, role="admin")

    assert status_and_code(refused) == (403, "permission_denied")
    assert "second_factor_roles" not in Tenant.objects.get(pk=agency.ref.id).settings
