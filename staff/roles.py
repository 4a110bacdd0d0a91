"""Ready-made roles of staff: groups of permissions, created by ``manage.py create_staff_roles``."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from audit.services import Actor, Target, record
from core.db_backend.scope import PUBLIC, use_scope
from staff.actors import target_of
from staff.models import StaffUser

# Each role with its permissions, as ``app.codename``. Only a superuser grants them.
ROLES: dict[str, tuple[str, ...]] = {
    # Answers questions: sees workspaces and what was done with them, changes nothing. With an
    # owner's consent it sees the inside of one workspace (staff/support_access.py).
    "support": (
        "tenants.view_tenant",
        "tenants.view_supportaccess",
        "tenants.add_supportaccess",
        "audit.view_auditevent",
    ),
    # Sets limits; suspends and resumes workspaces that do not pay.
    "billing": ("tenants.view_tenant", "tenants.change_tenant"),
    # Creates, changes and deletes workspaces; watches updates and purges.
    "operator": (
        "tenants.view_tenant",
        "tenants.add_tenant",
        "tenants.change_tenant",
        "tenants.delete_tenant",
        "tenants.view_fleetrun",
        "tenants.view_deletioncertificate",
        "audit.view_auditevent",
    ),
    # Reads the trail, suspends and rotates keys after an incident, deactivates staff.
    "security": (
        "tenants.view_tenant",
        "tenants.change_tenant",
        "tenants.view_deletioncertificate",
        "tenants.view_supportaccess",
        "audit.view_auditevent",
        "staff.view_staffuser",
        "staff.change_staffuser",
        "auth.view_group",
    ),
}


def assign_role(staff: StaffUser, name: str, *, actor: Actor) -> None:
    """Add a staff user to the group of a role, which is created if it is missing."""
    with use_scope(PUBLIC), transaction.atomic():
        _ensure(name, actor=actor, reset=False)
        staff.groups.add(Group.objects.get(name=name))
        record("staff.role_assigned", actor=actor, target=target_of(staff), role=name)


def create_roles(*, actor: Actor, reset: bool = False) -> dict[str, str]:
    """Create the missing roles; return each with ``created``, ``reset`` or ``unchanged``.

    The permissions of an existing role are kept, because a superuser may have changed them. With
    ``reset`` they become those of ``ROLES``.
    """
    with use_scope(PUBLIC), transaction.atomic():
        return {name: _ensure(name, actor=actor, reset=reset) for name in ROLES}


def _ensure(name: str, *, actor: Actor, reset: bool) -> str:
    group, is_new = Group.objects.get_or_create(name=name)
    wanted = _permissions(ROLES[name])
    if not is_new and (not reset or set(group.permissions.all()) == set(wanted)):
        return "unchanged"
    group.permissions.set(wanted)
    target = Target("group", str(group.pk), name)
    verb = "created" if is_new else "updated"
    record(f"group.{verb}", actor=actor, target=target, permissions=sorted(ROLES[name]))
    return "created" if is_new else "reset"


def _permissions(names: tuple[str, ...]) -> list[Permission]:
    wanted = Q()
    for name in names:
        app, _, codename = name.partition(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    return list(Permission.objects.filter(wanted))
