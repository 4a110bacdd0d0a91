"""What can be wrong with credentials and people, as answers."""

from core.problems import InvalidCredentials, Problem, TokenExpired, TokenInvalid

__all__ = [
    "EmailTaken",
    "InvalidCredentials",
    "RegistrationClosed",
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
