"""What the scripts of the upload queue need from the page: texts, titles of problems, limits."""

import json
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.problems import catalogue

TEXTS: dict[str, Any] = {
    "waiting": _("Waiting"),
    "hashing": _("Checking the file"),
    "sending": _("Uploading"),
    "paused": _("Paused"),
    "offline": _("No connection. It goes on by itself."),
    "retrying": _("Trying again in {seconds} s"),
    "verifying": _("Being verified"),
    "done": _("Uploaded"),
    "failed": _("Failed: {reason}"),
    "cancelled": _("Cancelled"),
    "unfinished": _("Not finished. Choose the same file again to go on."),
    "unreadable": _("The browser cannot read the file."),
    "network": _("There is no connection."),
    "unknown": _("Something went wrong."),
    "left": _("{time} left"),
    "seconds": _("{n} s"),
    "minutes": _("{n} min"),
    "hours": _("{n} h"),
    "summary": _("{done} of {total} uploaded"),
    "summaryFailed": _("{done} of {total} uploaded, {failed} failed"),
    "nothing": _("There are no files in it. A folder exists while a file is in it."),
    "started": _("Files being uploaded: {total}"),
    "fileDone": _("{name} is uploaded."),
    "fileFailed": _("{name} failed: {reason}"),
    "pause": _("Pause"),
    "resume": _("Resume"),
    "retry": _("Try again"),
    "cancel": _("Cancel"),
    "remove": _("Remove from this list"),
    "leave": _("Files are still being uploaded."),
}
# The titles of these problems are for programs.
LOGGED_OUT = _("You are not logged in any more. Load this page again.")
GONE = _("It is not here any more, or you may no longer see it.")
LOGGED_OUT_CODES = ("not_authenticated", "token_invalid", "token_expired", "token_reused")


def upload_settings() -> str:
    """Return texts and titles of problems in the current language, as JSON."""
    titles = {code: gettext(problem.title) for code, problem in catalogue().items()}
    titles |= dict.fromkeys(LOGGED_OUT_CODES, str(LOGGED_OUT))
    titles["not_found"] = str(GONE)
    texts = {name: str(text) for name, text in TEXTS.items()}
    return json.dumps({"texts": texts, "problems": titles}, ensure_ascii=False)
