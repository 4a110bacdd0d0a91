"""Limits per user on shared resources, exact under concurrency."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections
from django.utils import timezone

from accounts.api_keys import issue_api_key
from accounts.models import ApiKey, User
from accounts.problems import TooManyKeys
from files.models import Share
from files.problems import TooManyShares
from files.shares.services import create_share
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file


def outcomes(agency: Agency, act: Callable[[User], object]) -> list[bool]:
    """Run something eight times concurrently; return for each whether it succeeded."""

    def once(_: int) -> bool:
        try:
            with tenant_context(agency.ref):
                act(User.objects.get(pk=agency.owner.id))
        except (TooManyKeys, TooManyShares):
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(once, range(8)))


def test_api_keys_per_user_are_limited(settings, agency: Agency):
    settings.API_KEYS_PER_USER = 3

    done = outcomes(agency, lambda user: issue_api_key(name="k", scopes=["files:read"], actor=user))
    with tenant_context(agency.ref):
        ApiKey.objects.filter(pk=ApiKey.objects.first().pk).update(revoked_at=timezone.now())
    after = outcomes(
        agency, lambda user: issue_api_key(name="k", scopes=["files:read"], actor=user)
    )

    assert (done.count(True), after.count(True)) == (3, 1)


def test_shares_per_file_are_limited(settings, agency: Agency):
    settings.FILE_SHARES_LIMIT = 3
    file = uuid.UUID(add_file(agency.owner.at, "a.txt")["id"])

    done = outcomes(agency, lambda user: create_share(file, user=user))
    with tenant_context(agency.ref):
        Share.objects.filter(pk=Share.objects.first().pk).update(revoked_at=timezone.now())
    after = outcomes(agency, lambda user: create_share(file, user=user))

    assert (done.count(True), after.count(True)) == (3, 1)
