"""Audit events of a file as sentences."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEvent

SENTENCES: dict[str, Any] = {
    "file.uploaded": _("uploaded version %(version)s"),
    "file.renamed": _("renamed it from “%(before)s” to “%(after)s”"),
    "file.deleted": _("moved it to the trash"),
    "file.restored": _("restored it from the trash"),
    "file.version_restored": _("made version %(restored_from)s the current one again"),
}
DOWNLOADS: dict[str, Any] = {
    "preview": _("looked at version %(version)s"),
    "archive": _("downloaded version %(version)s in a ZIP"),
}
DOWNLOADED = _("downloaded version %(version)s")
ICONS = {
    "file.uploaded": "upload",
    "file.renamed": "edit",
    "file.deleted": "trash",
    "file.restored": "restore",
    "file.version_restored": "history",
    "file.downloaded": "download",
}


def event_texts(events: Iterable[AuditEvent]) -> list[dict[str, Any]]:
    """Return time, actor and sentence of each event."""
    return [
        {
            "at": event.at,
            "actor": _actor(event),
            "text": _sentence(event),
            "icon": ICONS.get(event.action, "info"),
        }
        for event in events
    ]


def _actor(event: AuditEvent) -> str:
    label: str = event.actor_label
    if label:
        return label
    return "Aggios" if event.actor_type == "system" else gettext("An erased person")


def _sentence(event: AuditEvent) -> str:
    template = SENTENCES.get(event.action)
    if event.action == "file.downloaded":
        template = DOWNLOADS.get(str(event.details.get("by", "")), DOWNLOADED)
    action: str = event.action
    if template is None:
        return action
    try:
        sentence: str = str(template) % event.details
    except (KeyError, TypeError, ValueError):  # an event of an earlier release
        return action
    return sentence
