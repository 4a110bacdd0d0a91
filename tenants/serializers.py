"""What names and usage of a tenant look like in the APIs. Shapes only."""

from typing import Any

from rest_framework import serializers

from core.api.fields import TextField
from core.api.serializers import as_validator
from core.text.domain_names import MAX_DOMAIN_INPUT_LENGTH
from tenants.domains.validation import clean_custom_domain


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
    domain = serializers.CharField(help_text="The whole host name.")
    kind = serializers.ChoiceField(["subdomain", "custom"])
    is_primary = serializers.BooleanField()
    verified_at = serializers.DateTimeField(allow_null=True)
    redirect_until = serializers.DateTimeField(
        allow_null=True, help_text="A former subdomain, whose links are redirected until then."
    )


class DomainSerializer(DomainSummarySerializer):
    checked_at = serializers.DateTimeField(allow_null=True)
    check_result = serializers.CharField(allow_blank=True, help_text="Of the last look-up.")
    proof = ProofRecordSerializer(
        allow_null=True, help_text="The DNS record that proves a custom domain."
    )


class LimitsSerializer(serializers.Serializer[Any]):
    storage_bytes = serializers.IntegerField(
        allow_null=True, help_text="What all objects together may take; null is no limit."
    )
    storage_objects = serializers.IntegerField(
        allow_null=True, help_text="How many objects there may be; null is no limit."
    )
    file_max_bytes = serializers.IntegerField(help_text="The largest file.")


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
