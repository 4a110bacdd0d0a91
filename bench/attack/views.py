"""The attacked views. Each kind reads the rows of its tenant in another way and returns labels."""

from collections.abc import Callable, Iterator

from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.urls import path

from bench.attack.cases import CUT_OFF, STREAMING
from bench.attack.models import Canary


class Undo(Exception):  # noqa: N818 - it is not an error
    """Rolls back a transaction."""


def _undo() -> None:
    raise Undo


def _labels() -> list[str]:
    return list(Canary.objects.order_by("id").values_list("label", flat=True))


def _plain(owner: str) -> list[str]:
    return _labels()


def _atomic(owner: str) -> list[str]:
    with transaction.atomic():
        Canary.objects.update(note=f"written by {owner}")
        return _labels()


def _rolled_back(owner: str) -> list[str]:
    try:
        with transaction.atomic():
            Canary.objects.update(note="rolled back")
            Canary.objects.create(label=f"canary:{owner}:undone")
            _undo()
    except Undo:
        pass
    return _labels()


def _savepoint(owner: str) -> list[str]:
    with transaction.atomic():
        try:
            with transaction.atomic():
                Canary.objects.create(label=f"canary:{owner}:undone")
                _undo()
        except Undo:
            return _labels()


def _database_error(owner: str) -> list[str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1/0")
    except DatabaseError:
        return _labels()
    raise RuntimeError("PostgreSQL divided by zero")


def _error_in_transaction(owner: str) -> list[str]:
    try:
        with transaction.atomic():
            _labels()
            Canary.objects.create(label=f"canary:{owner}:0")  # it exists already
    except DatabaseError:
        return _labels()
    raise RuntimeError("a label was created twice")


def _server_side_cursor(owner: str) -> list[str]:
    return [row.label for row in Canary.objects.order_by("id").iterator(chunk_size=2)]


def _connection_closed(owner: str) -> list[str]:
    first = _labels()
    connection.close()
    second = _labels()
    return first if first == second else first + second


def _unhandled_exception(owner: str) -> list[str]:
    with transaction.atomic():
        Canary.objects.update(note="rolled back")
        raise RuntimeError(" ".join(_labels()))


VIEWS: dict[str, Callable[[str], list[str]]] = {
    view.__name__.lstrip("_"): view
    for view in (
        _plain,
        _atomic,
        _rolled_back,
        _savepoint,
        _database_error,
        _error_in_transaction,
        _server_side_cursor,
        _connection_closed,
        _unhandled_exception,
    )
}


def respond(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Serve one request of a kind."""
    if kind in (STREAMING, CUT_OFF):
        return StreamingHttpResponse(_streamed(), content_type="text/plain")
    owner = request.get_host().partition(".")[0]
    return JsonResponse({"labels": VIEWS[kind](owner)})


def _streamed() -> Iterator[str]:
    """Read rows while the server sends, after all middleware has returned."""
    for row in Canary.objects.order_by("id").iterator(chunk_size=2):
        yield f"{row.label}\n"
    yield from (f"{label}\n" for label in _labels())


urlpatterns = [path("attack/<kind>", respond)]
