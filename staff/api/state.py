"""Taking a tenant off the air and putting it back; ending what was signed with its key."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.serializers import parsed
from staff.api.base import CHANGE, StaffView, acted
from staff.api.serializers import SuspendRequest, TenantShape
from staff.tenant_services import serve_again
from tenants.lifecycle import call_off_deletion
from tenants.services import rotate_key, suspend_tenant


class Suspend(StaffView):
    """Refuse every request to the tenant from the next one on."""

    rights = {"POST": CHANGE}

    @extend_schema(operation_id="suspend_tenant", request=SuspendRequest, responses=TenantShape)
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Suspend it; repeating that changes nothing, not even the reason."""
        reason = parsed(SuspendRequest, request)["reason"]
        return acted(
            request, tenant_id, lambda pk, actor: suspend_tenant(pk, actor=actor, reason=reason)
        )


class Resume(StaffView):
    """Serve the tenant again."""

    rights = {"POST": CHANGE}

    @extend_schema(operation_id="resume_tenant", request=None, responses=TenantShape)
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Take back a suspension, and a deletion that was scheduled."""
        return acted(request, tenant_id, lambda pk, actor: serve_again(pk, actor=actor))


class CancelDeletion(StaffView):
    """Call a scheduled deletion off."""

    rights = {"POST": CHANGE}

    @extend_schema(operation_id="cancel_deletion", request=None, responses=TenantShape)
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Leave the tenant as it was before; a suspended one stays suspended."""
        return acted(request, tenant_id, lambda pk, actor: call_off_deletion(pk, actor=actor))


class RotateKey(StaffView):
    """Sign with a new key."""

    rights = {"POST": CHANGE}

    @extend_schema(operation_id="rotate_tenant_key", request=None, responses=TenantShape)
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """End every token of the tenant: its people log in again."""
        return acted(request, tenant_id, lambda pk, actor: rotate_key(pk, actor=actor))
