"""Problems of credentials, users and invitations."""

from core.problems import (
    FieldError,
    InvalidCredentials,
    Problem,
    SecondFactorRequired,
    TokenExpired,
    TokenInvalid,
    ValidationFailed,
)

__all__ = [
    "EmailTaken",
    "EmailUnverified",
    "FactorExists",
    "FactorMissing",
    "HashingBusy",
    "InsufficientScope",
    "InvalidCredentials",
    "InvitationClosed",
    "LastOwner",
    "LinkInvalid",
    "PasswordUnchecked",
    "ProofRequired",
    "RegistrationClosed",
    "SecondFactorMissing",
    "SecondFactorRequired",
    "TokenExpired",
    "TokenInvalid",
    "TokenReused",
    "WrongPassword",
]


class TokenReused(Problem):
    status = 401
    code = "token_reused"
    title = "This refresh token was used before; the session has been ended."
    challenge = 'error="invalid_token"'


class RegistrationClosed(Problem):
    status = 403
    code = "registration_closed"
    title = "This workspace takes new people by invitation only."


class EmailTaken(Problem):
    status = 409
    code = "email_taken"
    title = "Somebody in this workspace has this e-mail address."


class InvitationClosed(Problem):
    status = 409
    code = "invitation_closed"
    title = "This invitation has been used or revoked."


class EmailUnverified(Problem):
    status = 403
    code = "email_unverified"
    title = "Verify your e-mail address first."


class SecondFactorMissing(Problem):
    status = 403
    code = "second_factor_missing"
    title = "This workspace asks people of your role for a second factor. Add one first."


class FactorExists(Problem):
    status = 409
    code = "factor_exists"
    title = "You have a second factor already. Remove it before you add another."


class FactorMissing(Problem):
    status = 409
    code = "factor_missing"
    title = "There is no second factor. Add one first."


class LastOwner(Problem):
    status = 409
    code = "last_owner"
    title = "A workspace keeps at least one active owner."


class ProofRequired(Problem):
    status = 403
    code = "proof_required"
    title = "Prove again who you are before you do this."


class InsufficientScope(Problem):
    status = 403
    code = "insufficient_scope"
    title = "This API key may not do this."
    challenge = 'error="insufficient_scope"'


class TooManyKeys(Problem):
    """The user has the maximum number of API keys; the member ``limit`` is that number."""

    status = 409
    code = "too_many_keys"
    title = "You have as many API keys as you may have. Revoke one first."


class LinkInvalid(Problem):
    status = 400
    code = "link_invalid"
    title = "This link has been used, has expired, or is not valid here."


class HashingBusy(Problem):
    status = 503
    code = "hashing_busy"
    title = "Too many passwords are being checked at the moment."


class PasswordUnchecked(Problem):
    status = 503
    code = "password_unchecked"
    title = "It cannot be checked at the moment whether this password is known from a breach."


class WrongPassword(ValidationFailed):
    """The field ``current_password`` is wrong. Log-in throttling counts it as a failure."""

    def __init__(self) -> None:
        error = FieldError("current_password", "wrong", "This is not your current password.")
        super().__init__(errors=[error])
