"""Members of staff."""

import secrets

import pytest
from django.contrib.auth.models import Permission

from audit.services import SYSTEM
from staff.models import StaffUser
from staff.services import create_staff
from tests.support.http_client import PASSWORD, Site
from tests.support.staff import NewStaff


@pytest.fixture(scope="session")
def new_staff(site: Site) -> NewStaff:
    """Make a member of staff: ``new_staff(is_superuser=True)`` or ``new_staff("view_tenant")``."""

    def make(*codenames: str, email: str = "", is_superuser: bool = False) -> StaffUser:
        staff = create_staff(
            email=email or f"s{secrets.token_hex(5)}@aggios.test",
            password=PASSWORD,
            actor=SYSTEM,
            is_superuser=is_superuser,
        )
        staff.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return staff

    return make
