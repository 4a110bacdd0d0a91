"""A listening socket that accepts no connection before its server is ready."""

import contextlib
import ctypes
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Self

# Linux's numbers; Python has no names for them (socket(7), linux/filter.h).
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
# One instruction of a socket filter: return 0, which drops the packet.
RETURN, NOTHING = 0x06, 0
BACKLOG = 1024
STEP_SECONDS = 0.02


class DeferredListener:
    """The socket for one start of a server.

    Until ``is_ready()`` is true, the kernel drops the first packet of every connection. A client
    repeats it after a second, so it waits and is not refused. Only Linux supports this; elsewhere
    the socket is open from the start.

    Raises: OSError if the port is taken.
    """

    def __init__(self, address: str, port: int, is_ready: Callable[[], bool]) -> None:
        self._is_ready, self._over = is_ready, threading.Event()
        self._socket = socket.socket()
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((address, port))
            self.is_open = not _drop_all(self._socket)
            self._socket.listen(BACKLOG)
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """Return the descriptor that the server inherits."""
        return self._socket.fileno()

    def open_in_background(self) -> None:
        """Accept connections once the server is ready, and close this process's copy."""
        threading.Thread(target=self._open, name="listener", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._socket.close()

    def _open(self) -> None:
        while not self._is_ready():
            if self._over.wait(STEP_SECONDS):
                return
        # Closed here as well, so that nothing listens after the server has ended.
        with contextlib.suppress(OSError), self._socket:
            if not self.is_open:
                self._socket.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        self.is_open = True


def _drop_all(listener: socket.socket) -> bool:
    """Make the kernel drop all packets; return False where that is not supported."""
    if sys.platform != "linux":
        return False
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", RETURN, 0, 0, NOTHING))
    program = struct.pack("HL", 1, ctypes.addressof(instruction))
    try:
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    except OSError:
        return False
    return True
