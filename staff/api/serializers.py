"""What requests and answers of the staff API look like. Shapes only; the rules live in services."""

from typing import Any

from rest_framework import serializers

from core.api.fields import EmailField, IntegerField, TextField
from core.api.serializers import CredentialsShape, by_rule
from staff.api.limit_shapes import OwnLimitsShape
from staff.models import StaffUser
from staff.tokens import Issued
from tenants.lifecycle import LONGEST_GRACE
from tenants.models import Tenant
from tenants.names import LONGEST_NAME, checked_name
from tenants.serializers import DomainShape, LimitsShape, UsageShape
from tenants.services import LONGEST_REASON
from tenants.slugs import MOST
from tenants.slugs import checked as checked_slug
from tenants.slugs import well_formed as well_formed_slug
from tenants.subdomains import LONGEST_REDIRECT


class LoginRequest(CredentialsShape):
    pass


class StaffShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    is_superuser = serializers.BooleanField()
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text="Rights on tenants, e.g. tenants.view_tenant."
    )


class StaffTokenShape(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    user = StaffShape()


class TenantFields(serializers.Serializer[Any]):
    name = TextField(
        max_length=LONGEST_NAME,
        length_code="invalid_length",
        required=False,
        validators=[by_rule(checked_name)],
    )
    registration = serializers.ChoiceField(Tenant.Registration.values, required=False)


class ChangeTenantRequest(TenantFields):
    limits = OwnLimitsShape(
        required=False, help_text="Null: what everybody gets. 0: no limit. Others stay."
    )
    subdomain = TextField(
        max_length=MOST,
        length_code="invalid_length",
        required=False,
        validators=[by_rule(well_formed_slug)],
    )
    redirect_days = IntegerField(
        min_value=0,
        max_value=LONGEST_REDIRECT,
        required=False,
        help_text="How long the former subdomain leads to the new one; 0 frees it at once.",
    )


class NewTenantRequest(TenantFields):
    company = TextField(
        max_length=LONGEST_NAME,
        length_code="invalid_length",
        required=False,
        validators=[by_rule(checked_name)],
        help_text="Another word for `name`.",
    )
    subdomain = TextField(
        max_length=MOST,
        length_code="invalid_length",
        validators=[by_rule(checked_slug)],
    )
    owner_email = EmailField(
        max_length=254,
        required=False,
        allow_blank=True,
        help_text="The first person; a password is made up and shown in this answer alone.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for the name under either word."""
        if "name" not in attrs and "company" not in attrs:
            raise serializers.ValidationError({"name": ["This field is required."]}, "required")
        return attrs


class SuspendRequest(serializers.Serializer[Any]):
    reason = TextField(
        max_length=LONGEST_REASON,
        required=False,
        default="",
        allow_blank=True,
        help_text="Everybody who comes to the workspace reads it.",
    )


class DeleteRequest(serializers.Serializer[Any]):
    days = IntegerField(
        min_value=0, max_value=LONGEST_GRACE, required=False, help_text="30 unless set otherwise."
    )
    export = serializers.BooleanField(
        required=False, default=True, help_text="Keep an archive of it when it is purged."
    )


class MaintenanceShape(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(Tenant.Maintenance.values)
    since = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(help_text="For staff, e.g. the error.")


class TenantShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    subdomain = serializers.CharField()
    url = serializers.URLField()
    domains = DomainShape(many=True)
    status = serializers.ChoiceField(["active", "suspended"])
    suspended_reason = serializers.CharField(allow_blank=True)
    registration = serializers.ChoiceField(Tenant.Registration.values)
    maintenance = MaintenanceShape(allow_null=True)
    deletion_requested_at = serializers.DateTimeField(allow_null=True)
    deletion_due_at = serializers.DateTimeField(
        allow_null=True, help_text="From this moment on it may be purged; nobody is served before."
    )
    export_before_deletion = serializers.BooleanField()
    key_version = serializers.IntegerField()
    cloned_from = serializers.UUIDField(allow_null=True)
    limits = OwnLimitsShape(help_text="Set apart for it; null is what everybody gets, 0 none.")
    effective_limits = LimitsShape(help_text="What holds, with what everybody gets.")
    usage = UsageShape(allow_null=True, help_text="As last measured.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class OwnerShape(serializers.Serializer[Any]):
    email = serializers.EmailField()
    password = serializers.CharField()


class NewTenantShape(TenantShape):
    owner = OwnerShape(required=False)


def staff_of(staff: StaffUser) -> dict[str, Any]:
    """Return a member of staff as the API shows them."""
    rights = sorted(p for p in staff.get_all_permissions() if p.startswith("tenants."))
    return {
        "id": str(staff.pk),
        "email": staff.email,
        "first_name": staff.first_name,
        "last_name": staff.last_name,
        "is_superuser": staff.is_superuser,
        "permissions": [right for right in rights if right.endswith("_tenant")],
    }


def token_answer(issued: Issued) -> dict[str, Any]:
    """Return a new token as the API shows it, once."""
    row = issued.row
    return {
        "access_token": issued.text,
        "token_type": "Bearer",
        "expires_in": round((row.expires_at - row.created_at).total_seconds()),
        "user": staff_of(row.staff),
    }
