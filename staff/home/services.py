"""Health of the services, and the free disk of the machine on which the backend runs."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from core.text.sizes import format_size

TITLES = {"database": _("Database"), "cache": _("Cache"), "storage": _("File store")}
# Below this share of free space the disk is shown as a problem.
LOW_PERCENT = 10


@dataclass(frozen=True, slots=True)
class Service:
    """One service with its state."""

    title: Any
    works: bool
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system; ``used`` and ``total`` are bytes."""

    used: int
    total: int
    free: str
    size: str
    is_low: bool


def services() -> list[Service]:
    """Return the services that ``/api/health`` checks.

    ``settings.HEALTH_REPORT`` names the function, because ``staff`` may not import ``aggios``.
    """
    report = cast("Callable[[], dict[str, Any]]", import_string(settings.HEALTH_REPORT))()
    return [
        Service(TITLES.get(name, name), check["status"] == "ok", check["latency_ms"])
        for name, check in report["checks"].items()
    ]


def disk() -> Disk | None:
    """Return the file system of the backend's working folder; None if it cannot be read."""
    try:
        usage = shutil.disk_usage(settings.BASE_DIR)
    except OSError:
        return None
    return Disk(
        used=usage.total - usage.free,
        total=usage.total,
        free=format_size(usage.free),
        size=format_size(usage.total),
        is_low=usage.free * 100 < usage.total * LOW_PERCENT,
    )
