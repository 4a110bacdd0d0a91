"""Integers of any size as parameters that are bound on the server.

Django sends an integer as the type of its field: ``F("bytes") + 5`` as ``integer``. psycopg's
binary form of that type drops the upper bits of a larger number without an error, so 2**40 would
become 0. What does not fit is left to psycopg, which picks the smallest type that it fits.
"""

from typing import Any

from django.db.backends.postgresql.operations import DatabaseOperations

INTEGER_BITS = {"SmallIntegerField": 16, "PositiveSmallIntegerField": 16}
INTEGER_BITS |= {"IntegerField": 32, "PositiveIntegerField": 32}
INTEGER_BITS |= {"BigIntegerField": 64, "PositiveBigIntegerField": 64}


class SafeIntegerOperations(DatabaseOperations):
    """Django's, but for integers beyond their field's type."""

    def adapt_integerfield_value(self, value: Any, internal_type: str) -> Any:
        """Return the value as it is sent."""
        beyond = 2 ** (INTEGER_BITS[internal_type] - 1)
        if isinstance(value, int) and not -beyond <= value < beyond:
            return value
        return super().adapt_integerfield_value(value, internal_type)
