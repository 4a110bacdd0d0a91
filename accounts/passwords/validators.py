"""Password rules as Django validators, for users, staff, forms and commands.

Each validates the normalised password (core/crypto/passwords.py), which is what is hashed.
"""

from typing import Any

from django.contrib.auth import password_validation as django_rules
from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from accounts.passwords.context_words import context_words, is_derived_from
from core.crypto.passwords import MAX_PASSWORD_LENGTH, normalize_password
from core.text.translation import translatable, translated

TOO_LONG = translatable("Use at most %(most)s characters.", most=MAX_PASSWORD_LENGTH)


class _NormalizedPasswordMixin:
    """Mixin before a validator class that validates the normalised password."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError if the password breaks the rule."""
        super().validate(normalize_password(password), user)  # type: ignore[misc]


class MinimumLengthValidator(django_rules.MinimumLengthValidator):
    """Counts code points of the shorter form (NIST SP 800-63B-4, 3.1.1.2).

    A ligature such as U+FDFA is one code point for the user, and 18 once it is normalised.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for a password that is too short."""
        super().validate(min(normalize_password(password), password, key=len), user)


class MaximumLengthValidator:
    """Bounds the work that a password can cause (OWASP Authentication Cheat Sheet)."""

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError for more than 256 characters."""
        if len(normalize_password(password)) > MAX_PASSWORD_LENGTH:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        """Return the rule as a sentence."""
        return translated(TOO_LONG)


class CommonPasswordValidator(_NormalizedPasswordMixin, django_rules.CommonPasswordValidator):
    """Refuses the 20 000 most common passwords."""


class UserAttributeSimilarityValidator(
    _NormalizedPasswordMixin, django_rules.UserAttributeSimilarityValidator
):
    """Refuses a password that is similar to the user's own data."""


class ContextWordValidator:
    """Refuses the names of the product and of the tenant, and derivatives of them.

    NIST SP 800-63B-4, 3.1.1.2: the blocklist holds "context-specific words, such as the name of the
    service, the username, and derivatives thereof".
    """

    def __init__(self, more_words: tuple[str, ...] = ()) -> None:
        self._more_words = more_words

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError for a password that is derived from such a name."""
        if is_derived_from(normalize_password(password), context_words(*self._more_words)):
            raise ValidationError(self.get_help_text(), code="password_context_word")

    def get_help_text(self) -> str:
        """Return the rule as a sentence."""
        return gettext("Use more than the name of the service or of the workspace.")
