"""What names and usage of a tenant look like in the APIs. Shapes only."""

from typing import Any

from rest_framework import serializers

from core.api.fields import TextField
from core.api.serializers import by_rule
from core.text.domain_names import LONGEST_TEXT
from tenants.domains.validation import checked_custom


class ClaimRequest(serializers.Serializer[Any]):
    domain = TextField(
        max_length=LONGEST_TEXT,
        length_code="invalid_domain",
        validators=[by_rule(checked_custom)],
    )


class ProofShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.CharField()
    type = serializers.CharField()


class NameShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    domain = serializers.CharField(help_text="The whole host name.")
    kind = serializers.ChoiceField(["subdomain", "custom"])
    is_primary = serializers.BooleanField()
    verified_at = serializers.DateTimeField(allow_null=True)
    redirect_until = serializers.DateTimeField(
        allow_null=True, help_text="A former subdomain, whose links are redirected until then."
    )


class DomainShape(NameShape):
    checked_at = serializers.DateTimeField(allow_null=True)
    check_result = serializers.CharField(allow_blank=True, help_text="Of the last look-up.")
    proof = ProofShape(allow_null=True, help_text="The DNS record that proves a custom domain.")


class LimitsShape(serializers.Serializer[Any]):
    storage_bytes = serializers.IntegerField(
        allow_null=True, help_text="What all objects together may take; null is no limit."
    )
    storage_objects = serializers.IntegerField(
        allow_null=True, help_text="How many objects there may be; null is no limit."
    )
    file_max_bytes = serializers.IntegerField(help_text="The largest file.")


class UsageShape(serializers.Serializer[Any]):
    rows = serializers.IntegerField()
    database_bytes = serializers.IntegerField()
    objects = serializers.IntegerField()
    object_bytes = serializers.IntegerField()
    measured_at = serializers.DateTimeField()


class RequestsOfADay(serializers.Serializer[Any]):
    day = serializers.DateField(help_text="UTC.")
    count = serializers.IntegerField()


class RequestsShape(serializers.Serializer[Any]):
    today = serializers.IntegerField()
    last_30_days = serializers.IntegerField()
    days = RequestsOfADay(many=True, help_text="Days with requests, oldest first.")
