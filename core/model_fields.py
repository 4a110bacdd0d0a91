"""Fields of models that Django does not have."""

from typing import Any

from django.db import models
from django.db.models import DateTimeField, Model


class UpdatedAtField(DateTimeField):  # type: ignore[type-arg]
    """The time of a row's last change; of a new row it equals its ``created_at``.

    ``auto_now`` and ``auto_now_add`` each read the clock, so a row that has never been changed
    would look as if it had. ``created_at`` must be declared before this field.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "auto_now": True})

    def pre_save(self, model_instance: Model, add: bool) -> Any:
        """Return the value for the INSERT or UPDATE, and set it on the instance."""
        created_at = getattr(model_instance, "created_at", None)
        if not add or created_at is None:
            return super().pre_save(model_instance, add)
        setattr(model_instance, self.attname, created_at)
        return created_at

    def deconstruct(self) -> Any:
        """Describe it to migrations as the plain field that it is in the database."""
        name, _, args, kwargs = super().deconstruct()
        return name, f"{models.__name__}.{DateTimeField.__name__}", args, kwargs
