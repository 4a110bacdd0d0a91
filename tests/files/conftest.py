"""A client inside the test's process, for what needs other settings than the site has."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.support.factories import Agency, Person
from tests.support.http_client import BASE_DOMAIN


@pytest.fixture
def inside() -> Callable[[Agency, Person], Client]:
    """Ask the application itself, as a person: ``inside(acme, acme.owner)``."""

    def ask(agency: Agency, person: Person) -> Client:
        return Client(
            headers={
                "host": f"{agency.slug}.{BASE_DOMAIN}",
                "authorization": f"Bearer {person.access_token}",
            }
        )

    return ask
