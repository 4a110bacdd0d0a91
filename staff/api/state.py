"""Taking a tenant off the air and putting it back; ending what was signed with its key."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.serializers import validated
from staff.api.base import CHANGE, StaffView, apply_and_respond
from staff.api.serializers import SuspendRequestSerializer, TenantSerializer
from staff.tenant_services import resume_and_cancel_deletion
from tenants.lifecycle import cancel_deletion
from tenants.services import rotate_key, suspend_tenant


class Suspend(StaffView):
    """Refuse every request to the tenant from the next one on."""

    rights = {"POST": CHANGE}

    @extend_schema(
        operation_id="suspend_tenant", request=SuspendRequestSerializer, responses=TenantSerializer
    )
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Suspend it; repeating that changes nothing, not even the reason."""
        reason = validated(SuspendRequestSerializer, request)["reason"]
        return apply_and_respond(
            request, tenant_id, lambda pk, actor: suspend_tenant(pk, actor=actor, reason=reason)
        )


class Resume(StaffView):
    """Serve the tenant again."""

    rights = {"POST": CHANGE}

    @extend_schema(operation_id="resume_tenant", request=None, responses=TenantSerializer)
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Take back a suspension, and a deletion that was scheduled."""
        return apply_and_respond(
            request, tenant_id, lambda pk, actor: resume_and_cancel_deletion(pk, actor=actor)
        )


class CancelDeletion(StaffView):
    """Call a scheduled deletion off."""

    rights = {"POST": CHANGE}

    @extend_schema(operation_id="cancel_deletion", request=None, responses=TenantSerializer)
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Leave the tenant as it was before; a suspended one stays suspended."""
        return apply_and_respond(
            request, tenant_id, lambda pk, actor: cancel_deletion(pk, actor=actor)
        )


class RotateKey(StaffView):
    """Sign with a new key."""

    rights = {"POST": CHANGE}

    @extend_schema(operation_id="rotate_tenant_key", request=None, responses=TenantSerializer)
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """End every token of the tenant: its people log in again."""
        return apply_and_respond(request, tenant_id, lambda pk, actor: rotate_key(pk, actor=actor))
