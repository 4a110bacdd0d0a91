"""Search without case, in every script: the lookup ``folded_contains``.

``UPPER`` and ``LOWER`` map single letters, so that ``strasse`` does not find ``Straße``, and in the
locale C.UTF-8 ``istanbul`` does not find ``İstanbul``. Both sides are folded by PostgreSQL's full
case folding (Unicode, CaseFolding.txt) under its built-in collation ``pg_unicode_fast``, which
needs no ICU and no locale. The dotted and the dotless i then count as one letter, because a search
does not know its language. What is stored must be in normal form C; what is searched for is
composed here.
"""

from typing import Any

from django.db import models
from django.db.models import CharField, DateTimeField, Model, TextField
from django.db.models.lookups import Contains

# U+0131 is the dotless i; U+0307 is the dot that folding leaves of U+0130.
CASEFOLD_SQL = "translate(casefold(({})::text COLLATE pg_unicode_fast), U&'\\0131\\0307', 'i')"


@CharField.register_lookup
@TextField.register_lookup
class FoldedContains(Contains):
    """``name__folded_contains="text"``: the text stands in the name, whatever the case of either.

    Wildcards in the text are taken literally.
    """

    lookup_name = "folded_contains"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return ``LIKE`` over both sides, folded."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        composed = f"normalize(({right})::text, NFC)"
        return f"{CASEFOLD_SQL.format(left)} LIKE {CASEFOLD_SQL.format(composed)}", (
            *left_params,
            *right_params,
        )


def folded_search_fields(*names: str) -> tuple[str, ...]:
    """Return fields as ``ModelAdmin.search_fields`` names them, to be searched without case."""
    return tuple(f"{name}__{FoldedContains.lookup_name}" for name in names)


# Fields of models that Django does not have.


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
