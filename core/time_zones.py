"""Names of time zones (IANA) that are known here."""

import zoneinfo
from functools import cache

# Zones of the machine, and of one that is not set up: not places of a user.
MACHINE_ZONES = frozenset({"localtime", "Factory"})


@cache
def time_zone_names() -> frozenset[str]:
    """Return the names of the known time zones (IANA)."""
    return frozenset(zoneinfo.available_timezones() - MACHINE_ZONES)


def known_time_zone(name: str) -> str:
    """Return the name if it is known, otherwise an empty string.

    A stored name can disappear with another version of the time zone data.
    """
    # The set is asked and not the file system: a name must not lead to another file.
    return name if name and name in time_zone_names() else ""
