"""What must be true of a tenant's files whatever was done to them, at once or one by one."""

from files.models import Balance, File, FileVersion, Upload
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.files.bucket import stored_keys


def assert_invariants(agency: Agency) -> None:
    """The quota counts what there is, and the store holds that and nothing else."""
    with tenant_context(agency.ref):
        own = list(FileVersion.objects.filter(restored_from=None))
        balance = Balance.objects.get()
        pending = Upload.objects.filter(state="pending").count()
        currents = set(File.objects.values_list("current__file_id", "id"))
    assert (balance.used_bytes, balance.used_objects) == (sum(v.size for v in own), len(own))
    assert (balance.reserved_objects, pending) == (0, 0)
    assert stored_keys(agency) == {f"{agency.ref.object_prefix}/{v.object_name}" for v in own}
    assert all(of == file for of, file in currents)


def quota_usage(agency: Agency) -> tuple[int, int]:
    """Return what the quota counts: bytes and objects."""
    with tenant_context(agency.ref):
        balance = Balance.objects.get()
    return balance.used_bytes, balance.used_objects
