"""Model fields and lookups that Django does not have: ``UpdatedAtField``, ``folded_contains``."""

from typing import Any

from django.db import models
from django.db.models import CharField, DateTimeField, Model, TextField
from django.db.models.lookups import Contains

# ``UPPER`` and ``LOWER`` map single characters, so that ``strasse`` does not find ``Straße``, and
# in the locale C.UTF-8 ``istanbul`` does not find ``İstanbul``. PostgreSQL's full case folding
# (Unicode, CaseFolding.txt) with its built-in collation ``pg_unicode_fast`` finds both, and needs
# no ICU. Dotted and dotless i count as one character, because a search does not know its language:
# U+0131 is the dotless i, U+0307 is the dot that folding leaves of U+0130.
CASEFOLD_SQL = "translate(casefold(({})::text COLLATE pg_unicode_fast), U&'\\0131\\0307', 'i')"


@CharField.register_lookup
@TextField.register_lookup
class FoldedContains(Contains):
    """``name__folded_contains="text"``: a substring search without case, in every script.

    Wildcards in the text are literal. Stored values must be in normal form C; the search text is
    normalised here.
    """

    lookup_name = "folded_contains"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return ``LIKE`` with both sides case-folded."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        composed = f"normalize(({right})::text, NFC)"
        return f"{CASEFOLD_SQL.format(left)} LIKE {CASEFOLD_SQL.format(composed)}", (
            *left_params,
            *right_params,
        )


def folded_search_fields(*names: str) -> tuple[str, ...]:
    """Return entries for ``ModelAdmin.search_fields`` that search without case."""
    return tuple(f"{name}__{FoldedContains.lookup_name}" for name in names)


class UpdatedAtField(DateTimeField):  # type: ignore[type-arg]
    """The time of a row's last change; in a new row it equals ``created_at``.

    ``auto_now`` and ``auto_now_add`` read the clock separately, so a new row would look as if it
    had been changed. ``created_at`` must be declared before this field.
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
        """Return the plain ``DateTimeField`` for migrations."""
        name, _, args, kwargs = super().deconstruct()
        return name, f"{models.__name__}.{DateTimeField.__name__}", args, kwargs
