"""A workspace with many rows in every list, and browsers that are logged in to it."""

import io
import logging
from dataclasses import dataclass
from typing import Any

import psycopg
from django.core.management import call_command
from django.utils import timezone
from psycopg import sql

from accounts.models import User
from audit.models import AuditEvent
from bench.files.pages import FILL, VERSIONS
from bench.harness.servers import database_of
from devstack.services.registry import STORES, WEB
from files.models import File, Share
from files.shares.tokens import create_share_token
from tenants.context import tenant_context
from tests import stack
from tests.support.http_client import Site
from tests.support.pages.page_objects import PageObjects

BATCH = 500


@dataclass(frozen=True)
class Amounts:
    """How many rows of each kind a workspace gets."""

    files: int = 10_000
    trashed: int = 1_000
    people: int = 200
    links: int = 1_000
    events: int = 10_000


def start_site() -> Site:
    """Start the servers of the test suite and set up the application."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stack.start_ready(*STORES)
    for command in ("bootstrap_database", "migrate_schemas", "setup_storage"):
        call_command(command, stdout=io.StringIO())
    call_command("collectstatic", "--noinput", verbosity=0)
    stack.start_ready(*WEB)
    return Site(stack.ports["web"])


def fill(objects: PageObjects, amounts: Amounts) -> None:
    """Add people, files in one folder, trash, links and audit events to the workspace."""
    ref = objects.agency.ref
    owner = objects.agency.owner.id
    with _superuser() as connection, connection.transaction():
        schema = sql.Identifier(ref.schema_name)
        values: dict[str, Any] = {"owner": owner, "count": amounts.files + amounts.trashed}
        connection.execute(sql.SQL(FILL).format(schema=schema), values)
        connection.execute(sql.SQL(VERSIONS).format(schema=schema))
        connection.execute(
            sql.SQL("UPDATE {}.files_file SET deleted_at = now() WHERE size > %s").format(schema),
            [amounts.files],
        )
    with tenant_context(ref):
        _add_people(amounts.people)
        _add_links(owner, amounts.links)
        _add_events(owner, amounts.events)
    with _superuser() as connection:
        connection.execute("VACUUM ANALYZE")


def _superuser() -> psycopg.Connection:
    url = stack.env["DATABASE_SUPERUSER_URL"]
    return psycopg.connect(url, dbname=database_of(stack.env["DATABASE_URL"]), autocommit=True)


def _add_people(count: int) -> None:
    now = timezone.now()
    User.objects.bulk_create(
        User(
            email=f"person{number}@pages.test",
            password="!",
            first_name="Per",
            last_name=f"Son {number}",
            email_verified_at=now,
        )
        for number in range(count)
    )


def _add_links(owner: str, count: int) -> None:
    shares = []
    for file in File.objects.filter(deleted_at=None)[:count]:
        token_hash, token_sealed = create_share_token()
        names = {"token_hash": token_hash, "token_sealed": token_sealed, "created_by_id": owner}
        shares.append(Share(file=file, **names))
    Share.objects.bulk_create(shares, batch_size=BATCH)


def _add_events(owner: str, count: int) -> None:
    for start in range(0, count, BATCH):
        AuditEvent.objects.bulk_create(
            AuditEvent(
                action="file.uploaded",
                actor_type="user",
                actor_id=owner,
                actor_label=f"owner@{number}.test",
                target_type="file",
                target_id=str(number),
                target_label=f"file-{number}.txt",
                ip="192.0.2.1",
            )
            for number in range(start, min(start + BATCH, count))
        )
