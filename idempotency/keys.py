"""The Idempotency-Key header: its validation, its OpenAPI description, and its cipher."""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from core.problems import FieldError, ValidationFailed
from core.text.translation import translatable

HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 255
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
    OpenApiParameter.HEADER,
    description="The same key with the same body returns the first response, for 24 hours.",
)


def requested_key(request: Request) -> str | None:
    """Return the key of a request, None if it has none. Raises: ValidationFailed."""
    key: str | None = request.headers.get(HEADER)
    if key is not None and (not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable()):
        rule = translatable("Use 1 to %(most)s printable characters.", most=MAX_KEY_LENGTH)
        raise ValidationFailed(errors=[FieldError(HEADER, "invalid", rule)])
    return key


def secrets() -> list[bytes]:
    """Return the current secret key and the former ones that are still configured."""
    return [text.encode() for text in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def cipher(key: str, secret: bytes) -> Fernet:
    """Return the cipher of a stored response; it needs both the caller's key and our secret."""
    info = b"aggios:idempotency:" + key.encode()
    derived = HKDF(SHA256(), 32, salt=None, info=info).derive(secret)
    return Fernet(urlsafe_b64encode(derived))
