"""Pages of a long list of files: the first, one far in, and how many a second."""

import json
from typing import Any

import psycopg
from psycopg import sql

from bench.files.site import Desk
from bench.harness.load import Load, drive, get
from bench.statements import database_of

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


def fill(desk: Desk, count: int) -> None:
    """Give the tenant so many files, as rows alone."""
    url = desk.stack.env["DATABASE_SUPERUSER_URL"]
    name = database_of(desk.stack.env["DATABASE_URL"])
    owner = desk.ask("GET", "/api/users/me")["id"]
    with psycopg.connect(url, dbname=name) as inside:
        query = "SELECT schema_name FROM tenants_tenant ORDER BY created_at DESC LIMIT 1"
        [(schema,)] = inside.execute(query).fetchall()
        place = sql.Identifier(schema)
        values = {"owner": owner, "count": count}
        inside.execute(sql.SQL(FILL).format(schema=place), values)
        inside.execute(sql.SQL(VERSIONS).format(schema=place))
    with psycopg.connect(url, dbname=name, autocommit=True) as inside:
        inside.execute(sql.SQL("VACUUM ANALYZE {}.files_file").format(place))
        inside.execute(sql.SQL("VACUUM ANALYZE {}.files_fileversion").format(place))


def path_of_page(desk: Desk, number: int, limit: int = 200) -> str:
    """Follow ``next`` to a page and return the path that leads to it."""
    path = f"/api/files?limit={limit}"
    for _ in range(number - 1):
        found: dict[str, Any] = desk.ask("GET", path)
        path = found["next"].partition(desk.host)[2]
        path = "/" + path.partition("/")[2]
    return path


def read(desk: Desk, path: str, *, seconds: float, connections: int) -> Load:
    """Ask for one page again and again."""
    request = get(path, desk.host, desk.token)
    port = desk.stack.ports["gunicorn"]
    return drive(port, request, connections=connections, requests=1_000_000, seconds=seconds)


def rows_of(load: Load) -> int:
    """Return how many files the last answer held."""
    return len(json.loads(load.body.partition(b"\r\n\r\n")[2] or load.body)["results"])
