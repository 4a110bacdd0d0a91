"""Export of selected rows of a list as CSV, streamed."""

import csv
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse

from core.text.csv_cells import csv_cell

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
        yield writer.writerow([csv_cell(value_of(row)) for value_of in columns.values()])
