"""Tenants and users for tests, made over HTTP as a client makes them."""

import secrets
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import connections

from accounts.models import User
from accounts.users.creation import insert_user
from audit.services import SYSTEM
from tenants.context import TenantRef, ref_of, tenant_context
from tenants.queries import tenant_by_slug
from tenants.services import create_tenant
from tests.support.http_client import PASSWORD, Host, Site


@dataclass(frozen=True)
class Person:
    """A user who is logged in. ``at`` is the host of the user's tenant, with the access token."""

    id: str
    email: str
    access_token: str
    refresh_token: str
    at: Host


@dataclass(frozen=True)
class Agency:
    """A tenant with its owner."""

    slug: str
    owner: Person
    host: Host

    @property
    def ref(self) -> TenantRef:
        """The tenant as it is stored now."""
        return ref_of(tenant_by_slug(self.slug))


def create_agency(site: Site, slug: str, **fields: str) -> Agency:
    """Sign up a tenant over HTTP."""
    answer = site.sign_up(slug, **fields)
    assert answer.status_code == 201, answer.text
    return Agency(slug, _person(answer.json(), site.host(slug)), site.host(slug))


def add_member(agency: Agency, email: str, role: str = "member") -> Person:
    """Add a user to a tenant and log in over HTTP."""
    with tenant_context(agency.ref):
        insert_user(
            User(email=email, password=make_password(PASSWORD), role=role, first_name="Ben")
        )
    answer = agency.host.post("/api/auth/login", {"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return _person(answer.json(), agency.host)


def create_tenant_with_user(label: str) -> TenantRef:
    """Create a tenant in this process; its only user is only@<label>.test."""
    connections.close_all()
    ref = create_tenant(name=label, subdomain=f"{label}-{secrets.token_hex(4)}", actor=SYSTEM)
    with tenant_context(ref):
        User.objects.create(email=f"only@{label}.test", password="!")
    return ref


def _person(tokens: dict, host: Host) -> Person:
    user = tokens["user"]
    return Person(
        user["id"],
        user["email"],
        tokens["access_token"],
        tokens["refresh_token"],
        host.with_token(tokens["access_token"]),
    )
