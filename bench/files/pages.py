"""Pages of a long list of files: rows in bulk, the path of a far page, and reads per second."""

from typing import Any

import psycopg
from psycopg import sql

from bench.files.site import FileSite
from bench.harness.load import Load, drive, get
from bench.harness.servers import database_of

FILL = """
    INSERT INTO {schema}.files_file (id, name, owner_id, current_id, size, created_at, updated_at)
    SELECT ids.file, 'file-' || n || '.txt', %(owner)s, ids.version, n,
           now() - n * interval '1 second', now()
    FROM generate_series(1, %(count)s) AS n,
         LATERAL (SELECT overlay(overlay(md5(n || 'file') PLACING '7' FROM 13) PLACING '8' FROM 17)
                  ::uuid AS file, md5(n || 'version')::uuid AS version) AS ids
"""
VERSIONS = """
    INSERT INTO {schema}.files_fileversion
        (id, file_id, number, object_name, size, sha256, content_type, created_by_id, created_at)
    SELECT current_id, id, 1, 'files/' || current_id, size, repeat('0', 64), 'text/plain',
           owner_id, created_at
    FROM {schema}.files_file WHERE NOT EXISTS (
        SELECT FROM {schema}.files_fileversion AS known WHERE known.id = current_id)
"""


def fill(site: FileSite, count: int) -> None:
    """Insert the rows of so many files; they have no objects in the store."""
    url = site.stack.env["DATABASE_SUPERUSER_URL"]
    name = database_of(site.stack.env["DATABASE_URL"])
    owner = site.call("GET", "/api/users/me")["id"]
    with psycopg.connect(url, dbname=name) as connection:
        query = "SELECT schema_name FROM tenants_tenant ORDER BY created_at DESC LIMIT 1"
        [(schema,)] = connection.execute(query).fetchall()
        schema_name = sql.Identifier(schema)
        values = {"owner": owner, "count": count}
        connection.execute(sql.SQL(FILL).format(schema=schema_name), values)
        connection.execute(sql.SQL(VERSIONS).format(schema=schema_name))
    with psycopg.connect(url, dbname=name, autocommit=True) as connection:
        connection.execute(sql.SQL("VACUUM ANALYZE {}.files_file").format(schema_name))
        connection.execute(sql.SQL("VACUUM ANALYZE {}.files_fileversion").format(schema_name))


def path_of_page(site: FileSite, number: int, limit: int = 200) -> str:
    """Follow ``next`` to a page and return its path."""
    path = f"/api/files?limit={limit}"
    for _ in range(number - 1):
        page: dict[str, Any] = site.call("GET", path)
        path = page["next"].partition(site.host)[2]
        path = "/" + path.partition("/")[2]
    return path


def read(site: FileSite, path: str, *, seconds: float, connections: int) -> Load:
    """Request one page again and again."""
    request = get(path, site.host, site.token)
    port = site.stack.ports["gunicorn"]
    return drive(port, request, connections=connections, seconds=seconds)
