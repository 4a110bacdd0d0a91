"""Making the schema of a new tenant, in the caller's transaction."""

from django.db import OperationalError, connection
from psycopg import errors

from core.db_backend.scope import PUBLIC, use_scope
from tenants.problems import ProvisioningUnavailable


def provision_schema(schema: str) -> None:
    """Create the schema and the role ``schema`` from the stored template (functions.sql).

    It is part of the transaction that is open: if that rolls back, nothing is left behind. Raises
    ProvisioningUnavailable while no template is stored.
    """
    try:
        with use_scope(PUBLIC), connection.cursor() as cursor:
            cursor.execute("SELECT aggios.provision_tenant(%s)", [schema])
    except OperationalError as exc:
        if isinstance(exc.__cause__, errors.ObjectNotInPrerequisiteState):
            raise ProvisioningUnavailable(str(exc).splitlines()[0]) from exc
        raise
