"""The container's health check, ``python -m aggios.healthcheck``: exit status 0 while it is alive.

It requests /api/health/live, which uses neither database nor cache: a container must not be
replaced because PostgreSQL is unavailable. It does not import Django, because it runs every few
seconds.
"""

import http.client
import os
import sys


def is_alive(port: int, timeout: float = 4) -> bool:
    """Tell whether the server on this machine's ``port`` answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    # A host that the application serves, and the scheme as from the proxy.
    headers = {"Host": "localhost", "X-Forwarded-Proto": "https"}
    try:
        connection.request("GET", "/api/health/live", headers=headers)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_alive(int(os.environ.get("PORT", "8080"))) else 1)
