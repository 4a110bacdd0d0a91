"""Problems: exceptions with a stable ``code`` that are rendered as problem+json (RFC 9457).

Every app declares its own in its ``problems.py``. ``catalogue()`` lists them all, and a test
compares docs/errors.md with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

# Field names and details can contain text of the client: an invalid choice is quoted.
MAX_ERRORS = 100
MAX_FIELD_LENGTH = 200
MAX_DETAIL_LENGTH = 500
MORE_ERRORS = "There are more; these are the first 100."


def truncate(text: str, max_length: int) -> str:
    """Return ``text`` with at most ``max_length`` characters, the last one an ellipsis."""
    return text if len(text) <= max_length else f"{text[: max_length - 1]}\u2026"


@dataclass(frozen=True, slots=True)
class FieldError:
    """An invalid field of a request: its name, a stable code, a sentence."""

    field: str
    code: str
    detail: str


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """An error with an HTTP status, a stable code and a sentence for the reader."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "The request cannot be served."
    challenge: ClassVar[str] = ""
    """Parameters of a 401's challenge, e.g. ``error="invalid_token"`` (RFC 6750 section 3.1)."""

    def __init__(
        self,
        detail: str = "",
        *,
        errors: list[FieldError] | None = None,
        headers: dict[str, str] | None = None,
        members: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = errors or []
        self.headers = headers or {}
        # Extension members (RFC 9457 section 3.2): data for programs.
        self.members = members or {}

    @property
    def sentence(self) -> str:
        """The detail and the field errors in one line, for the error message of a command."""
        errors = "; ".join(f"{error.field}: {error.detail}" for error in self.errors)
        return f"{self.detail} {errors}".strip()

    def body(
        self, request_id: str, type_base: str, *, translate: Callable[[str], str] = str
    ) -> dict[str, Any]:
        """Return the members of the problem document, its texts passed through ``translate``."""
        detail = translate(self.detail)
        if len(self.errors) > MAX_ERRORS:
            detail = f"{detail} {translate(MORE_ERRORS)}"
        document: dict[str, Any] = {
            "type": f"{type_base}{self.code}",
            "title": translate(self.title),
            "status": self.status,
            "detail": detail,
            "code": self.code,
            "request_id": request_id,
            **self.members,
        }
        if self.errors:
            document["errors"] = [
                {
                    "field": truncate(e.field, MAX_FIELD_LENGTH),
                    "code": e.code,
                    "detail": truncate(translate(e.detail), MAX_DETAIL_LENGTH),
                }
                for e in islice(self.errors, MAX_ERRORS)
            ]
        return document


class BadRequest(Problem):
    pass


class MalformedBody(Problem):
    code = "malformed_body"
    title = "The body cannot be read."


class ValidationFailed(Problem):
    status = 400
    code = "validation_failed"
    title = "Some fields are not valid."


class TooManyFields(Problem):
    code = "too_many_fields"
    title = "The request has more fields, or files, than are read."


class UnsupportedVersion(Problem):
    code = "unsupported_version"
    title = "This version of the API is not served."


class InvalidCursor(Problem):
    code = "invalid_cursor"
    title = "The page cursor is not valid."


class NotAuthenticated(Problem):
    status = 401
    code = "not_authenticated"
    title = "Credentials are missing."


class InvalidCredentials(Problem):
    status = 401
    code = "invalid_credentials"
    title = "The e-mail address or the password is wrong."


class SecondFactorRequired(Problem):
    status = 401
    code = "second_factor_required"
    title = "The password is right; a code of the second factor is needed too."


class TokenInvalid(Problem):
    status = 401
    code = "token_invalid"
    title = "The token is not valid here."
    challenge = 'error="invalid_token"'


class TokenExpired(Problem):
    status = 401
    code = "token_expired"
    title = "The token has expired."
    challenge = 'error="invalid_token"'


class PermissionRefused(Problem):
    status = 403
    code = "permission_denied"
    title = "You may not do this."


class PasswordChangeRequired(Problem):
    status = 403
    code = "password_change_required"
    title = "Somebody else has chosen this password. Choose one of your own first."


class FormExpired(Problem):
    status = 403
    code = "form_expired"
    title = "This form has expired or did not come from this site. Load the page again."


class NotFound(Problem):
    status = 404
    code = "not_found"
    title = "There is nothing here."


class MethodNotAllowed(Problem):
    status = 405
    code = "method_not_allowed"
    title = "This method is not served here."


class RequestTimeout(Problem):
    status = 408
    code = "request_timeout"
    title = "The body came too slowly."


class IdempotencyConflict(Problem):
    status = 409
    code = "idempotency_conflict"
    title = "This Idempotency-Key was used for another request."


class IdempotentResultGone(Problem):
    """The key's first response contains something that has ended since."""

    status = 409
    code = "idempotent_result_gone"
    title = "What the first request with this Idempotency-Key made has ended. Use a new key."


class PreconditionFailed(Problem):
    status = 412
    code = "precondition_failed"
    title = "The resource has changed since it was read."


class BodyTooLarge(Problem):
    status = 413
    code = "body_too_large"
    title = "The body is larger than this endpoint accepts."


class UriTooLong(Problem):
    """Sent before a request reaches Django (RFC 9110 section 15.5.15)."""

    status = 414
    code = "uri_too_long"
    title = "The address of the request is too long."


class UnsupportedMediaType(Problem):
    status = 415
    code = "unsupported_media_type"
    title = "This content type is not read here."


class ExpectationFailed(Problem):
    """Sent before a request reaches Django (RFC 9110 section 15.5.18)."""

    status = 417
    code = "expectation_failed"
    title = "What the field Expect asks for is not served."


class RateLimited(Problem):
    status = 429
    code = "rate_limited"
    title = "Too many requests."


class HeadersTooLarge(Problem):
    """Sent before a request reaches Django (RFC 6585 section 5)."""

    status = 431
    code = "headers_too_large"
    title = "The header fields of the request are too many or too long."


class InternalError(Problem):
    status = 500
    code = "internal_error"
    title = "Something went wrong on our side."


class NotImplementedHere(Problem):
    """Sent before a request reaches Django (RFC 9112 section 6.1)."""

    status = 501
    code = "not_implemented"
    title = "The transfer coding of the request is not served."


class DatabaseUnavailable(Problem):
    status = 503
    code = "database_unavailable"
    title = "The database cannot be reached."


class ServiceUnavailable(Problem):
    """Sent by the proxy (traefik/problems.py) while no application process answers."""

    status = 503
    code = "service_unavailable"
    title = "The service does not answer at the moment."


class TooManySlowBodies(Problem):
    status = 503
    code = "too_many_slow_bodies"
    title = "Too many bodies are arriving slowly at the moment."


class StorageUnavailable(Problem):
    status = 503
    code = "storage_unavailable"
    title = "The object store cannot be reached."


def catalogue() -> dict[str, type[Problem]]:
    """Return every declared problem by its code."""
    found: dict[str, type[Problem]] = {}
    pending: list[type[Problem]] = [Problem]
    while pending:
        problem = pending.pop()
        pending.extend(problem.__subclasses__())
        if problem is not Problem:
            found[problem.code] = problem
    return found
