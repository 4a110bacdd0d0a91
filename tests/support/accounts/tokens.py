"""Problems in responses, and tokens in tests."""

import base64
import json
from typing import Any

import jwt

StatusAndCode = tuple[int, str]


def status_and_code(answer: Any) -> StatusAndCode:
    """Return status and code of a problem; check that it is one."""
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["X-Request-ID"]
    return answer.status_code, body["code"]


def field_errors(answer: Any) -> set[tuple[str, str]]:
    """Return the fields of a validation error, with their codes."""
    assert status_and_code(answer) == (400, "validation_failed"), answer.text
    return {(fault["field"], fault["code"]) for fault in answer.json()["errors"]}


def token_claims(token: str) -> dict[str, Any]:
    """Return the unverified claims of a token."""
    return jwt.decode(token, options={"verify_signature": False})


def token_header(token: str) -> dict[str, Any]:
    """Return the unverified header of a token."""
    return jwt.get_unverified_header(token)


def jwt_segment(value: Any) -> str:
    """Return a value as one segment of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
