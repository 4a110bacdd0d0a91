"""What an agency may be called."""

from core.problems import FieldError, ValidationFailed
from core.text.names import clean_name
from core.text.normalization import TOO_LONG

MAX_TENANT_NAME_LENGTH = 120
NAME_LENGTH_ERROR = ("invalid_length", f"Use 1 to {MAX_TENANT_NAME_LENGTH} characters.")


def clean_tenant_name(text: str, *, field: str = "name") -> str:
    """Return a name in normal form C and with single spaces.

    Raises ValidationFailed that names ``field``, also for what ``core.text.names`` refuses.
    """
    try:
        name = clean_name(text, field=field, max_length=MAX_TENANT_NAME_LENGTH)
    except ValidationFailed as exc:
        if exc.errors[0].code in (TOO_LONG, "required"):
            raise ValidationFailed(errors=[FieldError(field, *NAME_LENGTH_ERROR)]) from exc
        raise
    return " ".join(name.split())
