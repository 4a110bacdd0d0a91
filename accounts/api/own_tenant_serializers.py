"""What requests and answers about the own workspace look like. Shapes only."""

from dataclasses import asdict
from functools import partial
from typing import Any

from django.conf import settings
from rest_framework import serializers

from accounts.models import User
from accounts.own_tenant.settings import DAY, SHARING, VERIFICATION, checked_settings
from accounts.tenant_policy import NAMES, policy_from
from core.api.fields import IntegerField, ListField, TextField
from core.api.serializers import KnownFields, by_rule
from core.http.conditional import etag_of_document
from core.text.formatting import time_or_none, timestamp
from tenants.documents import name_document, requests_document, usage_document
from tenants.hosts import site_url
from tenants.limits import limits_from
from tenants.measuring import Seen
from tenants.models import Tenant
from tenants.names import LONGEST_NAME, checked_name
from tenants.serializers import LimitsShape, NameShape, RequestsShape, UsageShape

YEAR = 365 * DAY


def _ruled(name: str) -> list[Any]:
    """Return the validators of a setting, which ask the service's rule."""
    return [by_rule(partial(_check, name))]


def _check(name: str, value: Any) -> None:
    checked_settings({name: value})


class SettingsShape(KnownFields):
    unknown = "There is no such setting."

    session_idle_seconds = IntegerField(
        min_value=0,
        max_value=YEAR,
        validators=_ruled("session_idle_seconds"),
        help_text="A session that was not used for so long ends; 300 or more, 0 for never.",
    )
    session_absolute_seconds = IntegerField(
        min_value=0,
        max_value=YEAR,
        validators=_ruled("session_absolute_seconds"),
        help_text="A session ends so long after the log-in; 3600 or more, 0 for never.",
    )
    sessions_per_user = IntegerField(
        min_value=1, max_value=1000, help_text="One more ends the one used least recently."
    )
    second_factor_roles = ListField(
        child=serializers.ChoiceField(User.Role.choices),
        max_length=len(User.Role.choices),
        help_text="Who does nothing else before they have a second factor. Owners set it.",
    )
    email_verification = serializers.ChoiceField(
        VERIFICATION,
        help_text="`required`: nobody does anything else before their address is verified. "
        "Owners set it.",
    )
    invitation_seconds = IntegerField(
        min_value=3600, max_value=30 * DAY, help_text="How long an invitation is good."
    )
    sharing = serializers.ChoiceField(
        SHARING, help_text="`off`: links to files open nothing, and none are made."
    )


class ChangeWorkspaceRequest(serializers.Serializer[Any]):
    name = TextField(
        max_length=LONGEST_NAME,
        length_code="invalid_length",
        required=False,
        validators=[by_rule(checked_name)],
    )
    registration = serializers.ChoiceField(Tenant.Registration.values, required=False)
    settings = SettingsShape(required=False, help_text="Those that are to change.")


class DeleteWorkspaceRequest(serializers.Serializer[Any]):
    confirm = TextField(max_length=100, help_text="The workspace's subdomain.")


class HeldShape(UsageShape):
    requests = RequestsShape()


class WorkspaceLimitsShape(LimitsShape):
    custom_domains = serializers.IntegerField(help_text="How many may be claimed.")


class WorkspaceShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    subdomain = serializers.CharField()
    url = serializers.URLField()
    domains = NameShape(many=True)
    registration = serializers.ChoiceField(Tenant.Registration.values)
    settings = SettingsShape()
    limits = WorkspaceLimitsShape()
    usage = HeldShape(
        allow_null=True,
        help_text="At most five minutes old; null while it cannot be measured. "
        "The entity tag does not cover it.",
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class LeavingShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    subdomain = serializers.CharField()
    deletion_requested_at = serializers.DateTimeField()
    deletion_due_at = serializers.DateTimeField(help_text="From then on it may be purged.")


def workspace_of(tenant: Tenant) -> dict[str, Any]:
    """Return a tenant as its people see it, without its usage."""
    rules = policy_from(tenant.settings)
    return {
        "id": str(tenant.id),
        "name": tenant.name,
        "subdomain": tenant.slug,
        "url": site_url(tenant.slug),
        "domains": [name_document(domain) for domain in tenant.domains.all()],
        "registration": tenant.registration,
        "settings": {name: _plain(getattr(rules, name)) for name in NAMES},
        "limits": {
            **asdict(limits_from(tenant.limits)),
            "custom_domains": settings.CUSTOM_DOMAINS_PER_TENANT,
        },
        "created_at": timestamp(tenant.created_at),
        "updated_at": timestamp(tenant.updated_at),
    }


def held_of(seen: Seen | None) -> dict[str, Any] | None:
    """Return a workspace's usage, None while it cannot be measured."""
    if seen is None:
        return None
    return {**usage_document(seen.held), "requests": requests_document(seen.requests)}


def workspace_etag(tenant: Tenant) -> str:
    """Return the entity tag of a workspace: of what can be changed, not of what is measured.

    Each request counts towards the usage, so a tag over that would never match.
    """
    return etag_of_document(workspace_of(tenant))


def leaving_of(tenant: Tenant) -> dict[str, Any]:
    """Return a workspace that is to be deleted."""
    return {
        "id": str(tenant.id),
        "name": tenant.name,
        "subdomain": tenant.slug,
        "deletion_requested_at": time_or_none(tenant.deletion_requested_at),
        "deletion_due_at": time_or_none(tenant.deletion_due_at),
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
