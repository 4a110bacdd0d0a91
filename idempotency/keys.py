"""The header as OpenAPI describes it."""

from drf_spectacular.utils import OpenApiParameter

from idempotency.services import HEADER, LONGEST

IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": LONGEST},
    OpenApiParameter.HEADER,
    description="The same key with the same body returns the first answer, for 24 hours.",
)
