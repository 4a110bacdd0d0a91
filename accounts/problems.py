"""What can be wrong with credentials and people, as answers."""

from core.problems import InvalidCredentials, Problem, TokenExpired, TokenInvalid

__all__ = [
    "EmailTaken",
    "EmailUnverified",
    "InsufficientScope",
    "InvalidCredentials",
    "LinkInvalid",
    "ProofRequired",
    "RegistrationClosed",
    "SecondFactorMissing",
    "SecondFactorRequired",
    "TokenExpired",
    "TokenInvalid",
    "TokenReused",
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


class EmailUnverified(Problem):
    status = 403
    code = "email_unverified"
    title = "Verify your e-mail address first."


class SecondFactorMissing(Problem):
    status = 403
    code = "second_factor_missing"
    title = "This workspace asks people of your role for a second factor. Add one first."


class SecondFactorRequired(Problem):
    status = 401
    code = "second_factor_required"
    title = "The password is right; a code of the second factor is needed too."


class ProofRequired(Problem):
    status = 403
    code = "proof_required"
    title = "Prove again who you are before you do this."


class InsufficientScope(Problem):
    status = 403
    code = "insufficient_scope"
    title = "This API key may not do this."
    challenge = 'error="insufficient_scope"'


class LinkInvalid(Problem):
    status = 400
    code = "link_invalid"
    title = "This link has been used, has expired, or is not valid here."
