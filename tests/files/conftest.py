"""A client inside of the test process, for tests that change settings."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.support.factories import Agency, Person
from tests.support.http_client import BASE_DOMAIN


@pytest.fixture
def in_process_client() -> Callable[[Agency, Person], Client]:
    """Return a function that makes a client of a user: ``in_process_client(acme, acme.owner)``."""

    def ask(agency: Agency, person: Person) -> Client:
        return Client(
            headers={
                "host": f"{agency.slug}.{BASE_DOMAIN}",
                "authorization": f"Bearer {person.access_token}",
            }
        )

    return ask
