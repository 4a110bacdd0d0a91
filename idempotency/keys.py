"""The header as OpenAPI describes it."""

from drf_spectacular.utils import OpenApiParameter

from idempotency.services import HEADER, MAX_KEY_LENGTH

IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
    OpenApiParameter.HEADER,
    description="The same key with the same body returns the first answer, for 24 hours.",
)
