"""``python -m aggios.healthcheck``: the container's health check, exit status 0 when it is alive.

It asks /api/health/live, which touches neither database nor cache: a container is not to be
replaced because PostgreSQL is away. It imports nothing of Django, as it runs every few seconds.
"""

import http.client
import os
import sys


def is_alive(port: int, timeout: float = 4) -> bool:
    """Return whether the server on this machine's ``port`` answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    # A host that the application answers to, and the scheme that the proxy would name.
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
