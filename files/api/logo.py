"""API of the workspace's logo. It is read at its own address (pages/branding.py)."""

from collections.abc import Mapping
from typing import IO, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.own_tenant_serializers import LogoSerializer, serialize_logo
from accounts.authentication import current_user
from accounts.own_tenant.services import get_own_tenant
from core.api.views import ApiView
from files.logo import remove_logo, set_logo
from tenants.branding import LOGO_TYPES, MAX_LOGO_BYTES


class PictureParser(BaseParser):
    """The bytes of a picture, and one more than a logo may have."""

    media_type = "image/*"

    def parse(  # type: ignore[override]
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the bytes."""
        return stream.read(MAX_LOGO_BYTES + 1)


class LogoView(ApiView):
    """The logo of the workspace."""

    actions = {"PUT": "tenant:write", "DELETE": "tenant:write"}
    parser_classes = (PictureParser,)
    has_etag = False

    @extend_schema(
        operation_id="set_logo",
        request=dict.fromkeys(sorted(LOGO_TYPES), OpenApiTypes.BINARY),
        responses=LogoSerializer,
    )
    def put(self, request: Request) -> Response:
        """Replace the logo: a PNG, JPEG or WebP picture, at most 1 MB and 2000 by 2000 pixels.

        The bytes decide the type. Metadata is removed.
        """
        data = request.data if isinstance(request.data, bytes) else b""
        set_logo(data, actor=current_user(request))
        return Response(serialize_logo(get_own_tenant()))

    @extend_schema(operation_id="remove_logo", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Remove the logo. Repeating it changes nothing."""
        remove_logo(actor=current_user(request))
        return Response(status=204)
