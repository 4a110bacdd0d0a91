"""Set-up of a database server by its superuser: the two logins, the database, no PUBLIC rights."""

from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

LARGE_OBJECT_FUNCTIONS = ("lo_creat(int)", "lo_create(oid)", "lo_from_bytea(oid, bytea)")


def bootstrap(superuser_url: str, owner_url: str, runtime_url: str) -> None:
    """Create or update the logins and the database that the two URLs name. Idempotent.

    The owner may create schemas and roles. The application's login inherits nothing, owns nothing
    and can create nothing.

    Raises: psycopg.Error.
    """
    owner, runtime = urlsplit(owner_url), urlsplit(runtime_url)
    database = unquote(runtime.path.lstrip("/"))
    with psycopg.connect(superuser_url, autocommit=True) as server:
        _create_login(server, owner.username, owner.password, "CREATEROLE INHERIT")
        _create_login(server, runtime.username, runtime.password, "NOCREATEROLE NOINHERIT")
        _create_database(server, database, unquote(owner.username or ""))
    with psycopg.connect(_url_of_database(superuser_url, database), autocommit=True) as inside:
        _revoke_public_access(inside, database, owner.username or "", runtime.username or "")


def _url_of_database(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()


def _create_login(
    server: psycopg.Connection, name: str | None, password: str | None, rights: str
) -> None:
    login = unquote(name or "")
    known = server.execute("SELECT FROM pg_roles WHERE rolname = %s", [login]).fetchone()
    verb = sql.SQL("ALTER ROLE" if known is not None else "CREATE ROLE")
    # The verifier and not the password, because the server may log the statement.
    secret = sql.Literal(_password_verifier(server, login, unquote(password or "")))
    server.execute(
        sql.SQL(
            "{} {} LOGIN NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS {} PASSWORD {}"
        ).format(verb, sql.Identifier(login), sql.SQL(rights), secret)
    )


def _password_verifier(server: psycopg.Connection, name: str, password: str) -> str:
    verifier = server.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    return verifier.decode()


def _create_database(server: psycopg.Connection, name: str, owner: str) -> None:
    known = server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
    verb = "ALTER DATABASE {} OWNER TO {}" if known is not None else "CREATE DATABASE {} OWNER {}"
    server.execute(sql.SQL(verb).format(sql.Identifier(name), sql.Identifier(owner)))


def _revoke_public_access(
    inside: psycopg.Connection, database: str, owner: str, runtime: str
) -> None:
    statements = [
        ("REVOKE ALL ON DATABASE {} FROM PUBLIC", [database]),
        ("GRANT CONNECT ON DATABASE {} TO {}", [database, unquote(runtime)]),
        ("ALTER SCHEMA public OWNER TO {}", [unquote(owner)]),
        ("REVOKE ALL ON SCHEMA public FROM PUBLIC", []),
        # By default every role may create large objects, which the tenant's role would then own.
        (f"REVOKE EXECUTE ON FUNCTION {', '.join(LARGE_OBJECT_FUNCTIONS)} FROM PUBLIC", []),
    ]
    for statement, names in statements:
        inside.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
