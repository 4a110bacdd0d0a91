"""Every server by name, in the order in which they start."""

from collections.abc import Callable

from devstack.services.gunicorn import Application, Gunicorn
from devstack.services.postgres import Postgres
from devstack.services.protocol import Context, Service
from devstack.services.seaweedfs import SeaweedFS
from devstack.services.traefik import Traefik
from devstack.services.valkey import Valkey
from devstack.services.worker import mailer, verifier

STORES = ("postgres", "valkey", "seaweedfs")
WEB = ("gunicorn", "mailer", "verifier", "traefik")
ALL = (*STORES, *WEB)


def build_service(name: str, context: Context, application: Application) -> Service:
    """Return the service of that name. Raises: KeyError for an unknown one."""
    builders: dict[str, Callable[[Context], Service]] = {
        "postgres": Postgres,
        "valkey": Valkey,
        "seaweedfs": SeaweedFS,
        "gunicorn": lambda context: Gunicorn(context, application),
        "mailer": mailer,
        "verifier": verifier,
        "traefik": Traefik,
    }
    return builders[name](context)
