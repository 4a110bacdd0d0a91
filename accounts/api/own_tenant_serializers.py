"""Serializers of the own tenant. Rules are in accounts/own_tenant/settings.py."""

from dataclasses import asdict
from functools import partial
from typing import Any

from django.conf import settings
from rest_framework import serializers

from accounts.models import User
from accounts.own_tenant.settings import (
    DAY,
    EMAIL_VERIFICATION_CHOICES,
    SHARING_CHOICES,
    validate_settings,
)
from accounts.permissions import SETTING_NAMES, policy_from_settings
from accounts.users.preferences import MAX_LANGUAGE_LENGTH, MAX_TIME_ZONE_LENGTH
from core.api.serializers import IntegerField, ListField, StrictSerializer, TextField, as_validator
from core.http.conditional import etag_of_document
from core.text.normalization import timestamp, timestamp_or_none
from tenants.branding import LOGO_TYPES, logo_from_settings
from tenants.context import limits_from
from tenants.models import Tenant
from tenants.names import MAX_TENANT_NAME_LENGTH, clean_tenant_name
from tenants.routing import site_url
from tenants.serializers import (
    DomainSummarySerializer,
    LimitsSerializer,
    RequestCountsSerializer,
    UsageSerializer,
    serialize_domain_summary,
    serialize_request_counts,
    serialize_usage,
)
from tenants.usage import CurrentUsage

YEAR = 365 * DAY
MAX_COLOR_LENGTH = 7


def _setting_validators(name: str) -> list[Any]:
    """Return the validators of a setting, which apply the service's rule."""
    return [as_validator(partial(_validate_setting, name))]


def _validate_setting(name: str, value: Any) -> None:
    validate_settings({name: value})


class TenantSettingsSerializer(StrictSerializer):
    unknown = "There is no such setting."

    session_idle_seconds = IntegerField(
        min_value=0,
        max_value=YEAR,
        validators=_setting_validators("session_idle_seconds"),
        help_text="A session that is unused for this long ends; 300 or more, 0 for never.",
    )
    session_absolute_seconds = IntegerField(
        min_value=0,
        max_value=YEAR,
        validators=_setting_validators("session_absolute_seconds"),
        help_text="A session ends this long after the log-in; 3600 or more, 0 for never.",
    )
    sessions_per_user = IntegerField(
        min_value=1,
        max_value=1000,
        help_text="The maximum per user; a new session above it ends the least recently used one.",
    )
    second_factor_roles = ListField(
        child=serializers.ChoiceField(User.Role.choices),
        max_length=len(User.Role.choices),
        help_text="Users of these roles must first add a second factor. Only owners set it.",
    )
    email_verification = serializers.ChoiceField(
        EMAIL_VERIFICATION_CHOICES,
        help_text="`required`: users must first verify their address. Only owners set it.",
    )
    invitation_seconds = IntegerField(
        min_value=3600, max_value=30 * DAY, help_text="How long an invitation is valid."
    )
    sharing = serializers.ChoiceField(
        SHARING_CHOICES, help_text="`off`: share links open nothing and cannot be created."
    )
    language = TextField(
        max_length=MAX_LANGUAGE_LENGTH,
        allow_blank=True,
        validators=_setting_validators("language"),
        help_text="For users who have chosen none; empty: what each request prefers.",
    )
    time_zone = TextField(
        max_length=MAX_TIME_ZONE_LENGTH,
        allow_blank=True,
        validators=_setting_validators("time_zone"),
        help_text="For users who have chosen none, a name such as `Europe/Lisbon`; empty: UTC.",
    )
    accent_color = TextField(
        max_length=MAX_COLOR_LENGTH,
        allow_blank=True,
        validators=_setting_validators("accent_color"),
        help_text="The colour of the workspace's pages, such as `#0b6e5f`; empty: Aggios's own.",
    )


class UpdateOwnTenantSerializer(serializers.Serializer[Any]):
    name = TextField(
        max_length=MAX_TENANT_NAME_LENGTH,
        length_code="invalid_length",
        required=False,
        validators=[as_validator(clean_tenant_name)],
    )
    registration = serializers.ChoiceField(Tenant.Registration.values, required=False)
    settings = TenantSettingsSerializer(required=False, help_text="The settings to change.")


class DeleteOwnTenantSerializer(serializers.Serializer[Any]):
    confirm = TextField(max_length=100, help_text="The workspace's subdomain.")


class TransferOwnershipSerializer(serializers.Serializer[Any]):
    user_id = serializers.UUIDField(help_text="The id of the new owner.")


class OwnTenantUsageSerializer(UsageSerializer):
    requests = RequestCountsSerializer()


class OwnTenantLimitsSerializer(LimitsSerializer):
    custom_domains = serializers.IntegerField(help_text="The maximum number of custom domains.")


class LogoSerializer(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="On the workspace's own host, without a log-in.")
    content_type = serializers.ChoiceField(sorted(LOGO_TYPES))
    sha256 = serializers.CharField()


class OwnTenantSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    subdomain = serializers.CharField()
    url = serializers.URLField()
    domains = DomainSummarySerializer(many=True)
    registration = serializers.ChoiceField(Tenant.Registration.values)
    settings = TenantSettingsSerializer()
    logo = LogoSerializer(allow_null=True)
    limits = OwnTenantLimitsSerializer()
    usage = OwnTenantUsageSerializer(
        allow_null=True,
        help_text="At most five minutes old; null while it cannot be measured. "
        "The entity tag does not cover it.",
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ScheduledDeletionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    subdomain = serializers.CharField()
    deletion_requested_at = serializers.DateTimeField()
    deletion_due_at = serializers.DateTimeField(
        help_text="From then on the workspace may be purged."
    )


def serialize_own_tenant(tenant: Tenant) -> dict[str, Any]:
    """Return a tenant as its users see it, without its usage."""
    rules = policy_from_settings(tenant.settings)
    return {
        "id": str(tenant.id),
        "name": tenant.name,
        "subdomain": tenant.slug,
        "url": site_url(tenant.slug),
        "domains": [serialize_domain_summary(domain) for domain in tenant.domains.all()],
        "registration": tenant.registration,
        "settings": {name: _json_value(getattr(rules, name)) for name in SETTING_NAMES},
        "logo": serialize_logo(tenant),
        "limits": {
            **asdict(limits_from(tenant.limits)),
            "custom_domains": settings.CUSTOM_DOMAINS_PER_TENANT,
        },
        "created_at": timestamp(tenant.created_at),
        "updated_at": timestamp(tenant.updated_at),
    }


def serialize_logo(tenant: Tenant) -> dict[str, str] | None:
    """Return a tenant's logo; None without one."""
    logo = logo_from_settings(tenant.settings)
    if logo is None:
        return None
    url = f"{site_url(tenant.slug)}{logo.path}"
    return {"url": url, "content_type": logo.content_type, "sha256": logo.sha256}


def serialize_own_usage(usage: CurrentUsage | None) -> dict[str, Any] | None:
    """Return a tenant's usage; None while it cannot be measured."""
    if usage is None:
        return None
    return {**serialize_usage(usage.usage), "requests": serialize_request_counts(usage.requests)}


def own_tenant_etag(tenant: Tenant) -> str:
    """Return the entity tag of a tenant. It covers what can be changed, not the usage.

    Each request changes the usage, so a tag over it would never match.
    """
    return etag_of_document(serialize_own_tenant(tenant))


def serialize_scheduled_deletion(tenant: Tenant) -> dict[str, Any]:
    """Return a tenant whose deletion is scheduled."""
    return {
        "id": str(tenant.id),
        "name": tenant.name,
        "subdomain": tenant.slug,
        "deletion_requested_at": timestamp_or_none(tenant.deletion_requested_at),
        "deletion_due_at": timestamp_or_none(tenant.deletion_due_at),
    }


def _json_value(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
