"""The labels of the canary rows, and the kinds of request that read them."""

ROWS = 5
# One for each function of views.py, and two that are streamed.
KINDS = (
    "plain",
    "atomic",
    "rolled_back",
    "savepoint",
    "database_error",
    "error_in_transaction",
    "server_side_cursor",
    "connection_closed",
    "unhandled_exception",
)
STREAMING, CUT_OFF = "streaming", "streaming_cut_off"
EVERY_KIND = (*KINDS, STREAMING, CUT_OFF)


def labels_of(owner: str) -> list[str]:
    """Return the labels of all rows of ``owner``, a tenant or ``public``."""
    return [f"canary:{owner}:{number}" for number in range(ROWS)]
