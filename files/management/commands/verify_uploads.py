"""manage.py verify_uploads"""

from collections.abc import Callable
from typing import Any

from core.long_running import Stop
from core.text.normalization import counted
from core.workers import WatchingCommand
from files.uploads.verifier import sweep, watch


class Command(WatchingCommand):
    worker = "verifier"
    help = (
        "Read the uploads that were too large to be read while their sender waited "
        "(UPLOAD_VERIFY_NOW_BYTES), and make files of those that are what was announced: at once "
        "when one is completed, and what is due again every UPLOAD_VERIFY_SWEEP_SECONDS. Goes on "
        "until it is stopped, which loses nothing; several may run side by side. With --once it "
        "reads what is due and ends.\n\nExample: manage.py verify_uploads --once"
    )

    def watch(self, stop: Stop, alive: Callable[[], None]) -> None:
        watch(stop, alive)

    def once(self) -> tuple[dict[str, Any], str]:
        count = sweep()
        return {"verified": count}, f"{counted(count, 'upload')} read."
