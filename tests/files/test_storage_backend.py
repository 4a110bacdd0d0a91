"""The prefix of object keys: that of the current tenant, computed at every call."""

import threading

import pytest
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from files.storage.backend import TenantStorage
from files.storage.configured import tenant_storage
from tenants.context import NoTenant, TenantRef, tenant_context
from tests.support.factories import Agency
from tests.support.files.bucket import read_object, stored_keys


def test_default_storage_uses_the_current_tenant(acme: Agency, globex: Agency):
    storage = tenant_storage()
    us, them = acme.ref, globex.ref
    with tenant_context(us):
        ours = storage.key_of("files/x")
        with tenant_context(them):
            theirs = storage.key_of("files/x")
        again = storage.key_of("files/x")

    assert ours == again == f"{us.object_prefix}/files/x"
    assert theirs == f"{them.object_prefix}/files/x"


def test_django_file_is_saved_under_the_tenants_prefix(acme: Agency, globex: Agency):
    us, them = acme.ref, globex.ref
    with tenant_context(us):
        name = default_storage.save("notes/a.txt", ContentFile(b"acme's"))
        with tenant_context(them):
            assert not default_storage.exists(name)
        assert default_storage.open(name).read() == b"acme's"
    key = f"{us.object_prefix}/{name}"
    assert key in stored_keys(acme)
    assert read_object(key) == b"acme's"

    with tenant_context(us):
        default_storage.delete(name)

    assert key not in stored_keys(acme)


@pytest.mark.parametrize(
    "call",
    [
        lambda storage: storage.key_of("x"),
        lambda storage: storage.url("x"),
        lambda storage: storage.exists("x"),
        lambda storage: storage.delete("x"),
        lambda storage: storage.save("x", ContentFile(b"")),
        lambda storage: storage.listdir(""),
    ],
)
def test_storage_outside_of_a_tenant_raises(acme: Agency, call):
    with pytest.raises(NoTenant):
        call(tenant_storage())


@pytest.mark.parametrize("name", ["../other/x", "a/../../x", "..", "/../x"])
def test_name_outside_the_prefix_is_refused(acme: Agency, name: str):
    with tenant_context(acme.ref), pytest.raises(SuspiciousOperation):
        tenant_storage().key_of(name)


def test_fixed_location_is_refused():
    with pytest.raises(ValueError, match="prefix"):
        TenantStorage(location="somewhere")


def test_threads_use_separate_tenants(acme: Agency, globex: Agency):
    wrong: list[str] = []
    together = threading.Barrier(4)

    def work(ref: TenantRef) -> None:
        together.wait()
        for _ in range(500):
            with tenant_context(ref):
                key = tenant_storage().key_of("x")
            if not key.startswith(ref.object_prefix):
                wrong.append(key)

    refs = [acme.ref, globex.ref, acme.ref, globex.ref]
    threads = [threading.Thread(target=work, args=(ref,)) for ref in refs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
