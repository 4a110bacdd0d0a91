"""Where the bytes of a single upload land before they become an object that stays.

Whoever holds a signed address can write to it until it expires, also after the file was made. So it
leads to a place of its own; from there the store copies what was verified, and nobody can write to
the copy.
"""

from files.models import Upload
from files.storage.backend import tenant_storage

STAGING_PREFIX = "incoming/"


def staging_name(upload: Upload) -> str:
    """Return the name, below the tenant's prefix, that a single upload's address is signed for."""
    return f"{STAGING_PREFIX}{upload.id}"


def staging_key(upload: Upload) -> str:
    """Return the whole key of that place, in the part of the current tenant."""
    return tenant_storage().key_of(staging_name(upload))
