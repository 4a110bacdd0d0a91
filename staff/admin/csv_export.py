"""Export of selected rows of a list as CSV, streamed."""

import csv
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse

# OWASP, CSV injection: a spreadsheet runs a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
Columns = dict[str, Callable[[Any], object]]
CHUNK = 500


class _Line:
    """A file for ``csv.writer`` that returns what is written."""

    def write(self, text: str) -> str:
        return text


def csv_response(name: str, columns: Columns, rows: Any) -> HttpResponseBase:
    """Return the rows of a queryset as a download; the columns are functions of a row."""
    answer = StreamingHttpResponse(
        _lines(columns, rows.iterator(chunk_size=CHUNK)), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


def _lines(columns: Columns, rows: Iterable[Any]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([_cell(value_of(row)) for value_of in columns.values()])


def _cell(value: object) -> str:
    """Return a value as text that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
