"""A rule of a service as a validator of a form's or a serializer's field."""

from collections.abc import Callable

from core.problems import ValidationFailed


def field_validator(
    rule: Callable[[str], object], to_error: Callable[[ValidationFailed], Exception]
) -> Callable[[str], None]:
    """Return a validator that applies the rule; ``to_error`` makes the framework's exception."""

    def validate(value: str) -> None:
        try:
            rule(value)
        except ValidationFailed as exc:
            raise to_error(exc) from exc

    return validate
