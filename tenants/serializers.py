"""Serializers of a tenant's domains, limits and usage, for the APIs of staff and of tenants."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from core.api.serializers import TextField, as_validator
from core.http.conditional import etag_of_document
from core.text.email_addresses import MAX_DOMAIN_INPUT_LENGTH
from core.text.normalization import timestamp, timestamp_or_none
from tenants.domains.dns_proof import proof_record
from tenants.domains.validation import clean_custom_domain
from tenants.models import Domain, Usage
from tenants.routing import tenant_host


class DomainClaimSerializer(serializers.Serializer[Any]):
    domain = TextField(
        max_length=MAX_DOMAIN_INPUT_LENGTH,
        length_code="invalid_domain",
        validators=[as_validator(clean_custom_domain)],
    )


class ProofRecordSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.CharField()
    type = serializers.CharField()


class DomainSummarySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    domain = serializers.CharField(help_text="The complete host name.")
    kind = serializers.ChoiceField(["subdomain", "custom"])
    is_primary = serializers.BooleanField()
    verified_at = serializers.DateTimeField(allow_null=True)
    redirect_until = serializers.DateTimeField(
        allow_null=True, help_text="For a former subdomain: the end of its redirect."
    )


class DomainSerializer(DomainSummarySerializer):
    checked_at = serializers.DateTimeField(allow_null=True)
    check_result = serializers.CharField(
        allow_blank=True, help_text="The result of the last look-up."
    )
    proof = ProofRecordSerializer(
        allow_null=True, help_text="The DNS record that proves a custom domain."
    )


class LimitsSerializer(serializers.Serializer[Any]):
    storage_bytes = serializers.IntegerField(
        allow_null=True, help_text="The maximum total size of all objects; null is no limit."
    )
    storage_objects = serializers.IntegerField(
        allow_null=True, help_text="The maximum number of objects; null is no limit."
    )
    file_max_bytes = serializers.IntegerField(help_text="The maximum size of one file.")


class UsageSerializer(serializers.Serializer[Any]):
    rows = serializers.IntegerField()
    database_bytes = serializers.IntegerField()
    objects = serializers.IntegerField()
    object_bytes = serializers.IntegerField()
    measured_at = serializers.DateTimeField()


class DailyRequestCountSerializer(serializers.Serializer[Any]):
    day = serializers.DateField(help_text="UTC.")
    count = serializers.IntegerField()


class RequestCountsSerializer(serializers.Serializer[Any]):
    today = serializers.IntegerField()
    last_30_days = serializers.IntegerField()
    days = DailyRequestCountSerializer(many=True, help_text="Days with requests, oldest first.")


def serialize_domain(domain: Domain) -> dict[str, Any]:
    """Return a domain as JSON; a custom domain includes the DNS record that proves it."""
    return {
        **serialize_domain_summary(domain),
        "checked_at": timestamp_or_none(domain.checked_at),
        "check_result": domain.check_result,
        "proof": None if domain.is_label else asdict(proof_record(domain)),
    }


def domain_etag(domain: Domain) -> str:
    """Return the entity tag of a serialized domain."""
    return etag_of_document(serialize_domain(domain))


def serialize_domain_summary(domain: Domain) -> dict[str, Any]:
    """Return a domain as JSON without the fields that only its managers need."""
    return {
        "id": str(domain.id),
        "domain": tenant_host(domain.domain) if domain.is_label else domain.domain,
        "kind": domain.kind,
        "is_primary": domain.is_primary,
        "verified_at": timestamp_or_none(domain.verified_at),
        "redirect_until": timestamp_or_none(domain.redirect_until),
    }


def serialize_usage(usage: Usage) -> dict[str, Any]:
    """Return a tenant's last measured usage as JSON."""
    return {
        "rows": usage.rows,
        "database_bytes": usage.database_bytes,
        "objects": usage.objects_held,
        "object_bytes": usage.object_bytes,
        "measured_at": timestamp(usage.measured_at),
    }


def serialize_request_counts(by_day: dict[str, int]) -> dict[str, Any]:
    """Return requests per day (UTC) and their sums as JSON."""
    return {
        "today": by_day.get(datetime.now(UTC).date().isoformat(), 0),
        "last_30_days": sum(by_day.values()),
        "days": [{"day": day, "count": count} for day, count in by_day.items()],
    }
