"""manage.py verify_uploads"""

from collections.abc import Callable
from typing import Any

from core.text.normalization import pluralize
from core.workers import ShouldStop, WorkerCommand
from files.uploads.verifier import run_verifier, verify_all_tenants


class Command(WorkerCommand):
    worker = "verifier"
    help = (
        "Read the uploads that were too large to be read while their sender waited "
        "(UPLOAD_SYNC_VERIFY_MAX_BYTES), and make files of those that are what was announced: "
        "at once when one is completed, and what is due again every UPLOAD_VERIFY_SWEEP_SECONDS. "
        "Goes on until it is stopped, which loses nothing; several may run side by side. "
        "With --once it reads what is due and ends.\n\nExample: manage.py verify_uploads --once"
    )

    def watch(self, stop: ShouldStop, alive: Callable[[], None]) -> None:
        run_verifier(stop, alive)

    def once(self) -> tuple[dict[str, Any], str]:
        count = verify_all_tenants()
        return {"verified": count}, f"{pluralize(count, 'upload')} read."
