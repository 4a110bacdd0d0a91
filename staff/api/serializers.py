"""Serializers of tenants in the staff API. The rules are in the services."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from core.api.serializers import EmailField, IntegerField, StrictSerializer, TextField, as_validator
from core.http.conditional import etag_of_document
from core.text.normalization import timestamp, timestamp_or_none
from tenants.context import MAX_LIMIT, limit_overrides, limits_from
from tenants.lifecycle import MAX_GRACE_DAYS, MAX_REASON_LENGTH
from tenants.models import Tenant
from tenants.names import (
    MAX_SLUG_LENGTH,
    MAX_TENANT_NAME_LENGTH,
    clean_new_slug,
    clean_slug,
    clean_tenant_name,
)
from tenants.routing import site_url
from tenants.serializers import (
    DomainSerializer,
    LimitsSerializer,
    UsageSerializer,
    serialize_domain,
    serialize_usage,
)
from tenants.subdomains import MAX_REDIRECT_DAYS


class TenantFieldsSerializer(serializers.Serializer[Any]):
    name = TextField(
        max_length=MAX_TENANT_NAME_LENGTH,
        length_code="invalid_length",
        required=False,
        validators=[as_validator(clean_tenant_name)],
    )
    registration = serializers.ChoiceField(Tenant.Registration.values, required=False)


def _own_limit(what: str) -> IntegerField:
    return IntegerField(
        min_value=0, max_value=MAX_LIMIT, allow_null=True, required=False, help_text=what
    )


class OwnLimitsSerializer(StrictSerializer):
    unknown = "There is no such limit."

    storage_bytes = _own_limit("All objects together, in bytes.")
    storage_objects = _own_limit("How many objects: every version is one.")
    file_max_bytes = _own_limit("The largest file, in bytes; never more than the platform takes.")


class ChangeTenantRequestSerializer(TenantFieldsSerializer):
    limits = OwnLimitsSerializer(
        required=False,
        help_text="Null sets the default, 0 means no limit. Omitted limits do not change.",
    )
    subdomain = TextField(
        max_length=MAX_SLUG_LENGTH,
        length_code="invalid_length",
        required=False,
        validators=[as_validator(clean_slug)],
    )
    redirect_days = IntegerField(
        min_value=0,
        max_value=MAX_REDIRECT_DAYS,
        required=False,
        help_text="How long the previous subdomain redirects; 0 releases it at once.",
    )


class NewTenantRequestSerializer(TenantFieldsSerializer):
    company = TextField(
        max_length=MAX_TENANT_NAME_LENGTH,
        length_code="invalid_length",
        required=False,
        validators=[as_validator(clean_tenant_name)],
        help_text="An alias of `name`.",
    )
    subdomain = TextField(
        max_length=MAX_SLUG_LENGTH,
        length_code="invalid_length",
        validators=[as_validator(clean_new_slug)],
    )
    owner_email = EmailField(
        max_length=254,
        required=False,
        allow_blank=True,
        help_text="The owner; a password is generated and is only in this response.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Require ``name`` or ``company``."""
        if "name" not in attrs and "company" not in attrs:
            raise serializers.ValidationError({"name": ["This field is required."]}, "required")
        return attrs


class SuspendRequestSerializer(serializers.Serializer[Any]):
    reason = TextField(
        max_length=MAX_REASON_LENGTH,
        required=False,
        default="",
        allow_blank=True,
        help_text="Shown to all visitors of the workspace.",
    )


class DeleteRequestSerializer(serializers.Serializer[Any]):
    days = IntegerField(
        min_value=0,
        max_value=MAX_GRACE_DAYS,
        required=False,
        help_text="The default is 30, unless the installation sets another one.",
    )
    export = serializers.BooleanField(
        required=False, default=True, help_text="Whether to create an archive before the purge."
    )


class MaintenanceSerializer(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(Tenant.Maintenance.values)
    since = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(help_text="For staff, e.g. the error.")


class TenantSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    subdomain = serializers.CharField()
    url = serializers.URLField()
    domains = DomainSerializer(many=True)
    status = serializers.ChoiceField(["active", "suspended"])
    suspended_reason = serializers.CharField(allow_blank=True)
    registration = serializers.ChoiceField(Tenant.Registration.values)
    maintenance = MaintenanceSerializer(allow_null=True)
    deletion_requested_at = serializers.DateTimeField(allow_null=True)
    deletion_due_at = serializers.DateTimeField(
        allow_null=True, help_text="It may be purged from this time on; it is not served before."
    )
    export_before_deletion = serializers.BooleanField()
    key_version = serializers.IntegerField()
    cloned_from = serializers.UUIDField(allow_null=True)
    limits = OwnLimitsSerializer(help_text="Its own limits; null is the default, 0 is unlimited.")
    effective_limits = LimitsSerializer(help_text="The limits in force, defaults included.")
    usage = UsageSerializer(allow_null=True, help_text="As last measured.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class OwnerSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    password = serializers.CharField()


class NewTenantSerializer(TenantSerializer):
    owner = OwnerSerializer(required=False)


def serialize_tenant(tenant: Tenant) -> dict[str, Any]:
    """Return a tenant as a document. Its domains and usage must be loaded."""
    slug, usage = tenant.slug, getattr(tenant, "usage", None)
    return {
        "id": str(tenant.id),
        "name": tenant.name,
        "subdomain": slug,
        "url": site_url(slug) if slug else "",
        "domains": [serialize_domain(domain) for domain in tenant.domains.all()],
        "status": tenant.status,
        "suspended_reason": tenant.suspended_reason,
        "registration": tenant.registration,
        "maintenance": _maintenance(tenant),
        "deletion_requested_at": timestamp_or_none(tenant.deletion_requested_at),
        "deletion_due_at": timestamp_or_none(tenant.deletion_due_at),
        "export_before_deletion": tenant.export_before_deletion,
        "key_version": tenant.key_version,
        "cloned_from": str(tenant.cloned_from) if tenant.cloned_from else None,
        "limits": limit_overrides(tenant.limits),
        "effective_limits": asdict(limits_from(tenant.limits)),
        "usage": serialize_usage(usage) if usage else None,
        "created_at": timestamp(tenant.created_at),
        "updated_at": timestamp(tenant.updated_at),
    }


def tenant_etag(tenant: Tenant) -> str:
    """Return the entity tag of a serialized tenant, domains and usage included."""
    return etag_of_document(serialize_tenant(tenant))


def _maintenance(tenant: Tenant) -> dict[str, Any] | None:
    if not tenant.maintenance:
        return None
    return {
        "reason": tenant.maintenance,
        "since": timestamp_or_none(tenant.maintenance_since),
        "note": tenant.maintenance_note,
    }
